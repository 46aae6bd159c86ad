"""The control API's faults: errors that the command line injects, lists and removes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import botocore.session

from aws_org_sandbox.faults import Error, Fault, Faults
from aws_org_sandbox.organization import Organization
from aws_org_sandbox.regions import known_regions


def add(faults: Faults, values: Mapping[str, Any], *, organization: Organization) -> Mapping[str, Any]:
    """Put a fault in force; raises ValueError for a service, operation or region that does not exist, and
    UnknownAccountError for an account.

    A misspelled name would hit no call, and a rehearsal would seem to pass.
    """
    service, operation = str(values["service"]), values.get("operation")
    _check_known("service", service, _services())
    if operation is not None:
        _check_known(f"operation of {service}", str(operation), _operations(service))
    if (account := values.get("account")) is not None:
        organization.require_account(str(account))
    if (region := values.get("region")) is not None:
        _check_known("region", str(region), known_regions())
    if not str(values["error"]).strip():
        raise ValueError("an error needs an error code of AWS, as AccessDeniedException")
    code, message, count = str(values["error"]), values.get("message"), values.get("count")
    return _described(
        faults.add(
            Fault(
                effect=Error(code=code, message=str(message)) if message else Error(code=code),
                service=service,
                operation=operation,
                account=account,
                region=region,
                times=None if count is None else int(count),
            )
        )
    )


def listed(faults: Faults) -> Mapping[str, Any]:
    """The faults in force, oldest first."""
    return {"faults": [_described(fault) for fault in faults]}


def clear(faults: Faults) -> Mapping[str, Any]:
    """Remove all faults, and report how many there were."""
    removed = len(tuple(faults))
    faults.clear()
    return {"removed": removed}


def _described(fault: Fault) -> Mapping[str, Any]:
    effect = fault.effect
    return {
        "service": fault.service,
        "operation": fault.operation,
        "account": fault.account,
        "region": fault.region,
        "error": effect.code if isinstance(effect, Error) else type(effect).__name__,
        "count": fault.times,
        "hits": fault.hits,
    }


def _check_known(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ValueError(f"no {what} {name!r}{f'; did you mean {near[0]}?' if near else ''}")


@cache
def _services() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


@cache
def _operations(service: str) -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_service_model(service).operation_names)
