"""Calls between AWS services: logged and affected by faults like any other call.

They do not pass the gate, because no client signs them; the caller checks with IAM whether they are allowed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aws_org_sandbox import context
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.credentials import PARTITION, Principal
from aws_org_sandbox.faults import ConnectionDropped, Moment


@contextmanager
def recorded(
    service: str, operation: str, *, principal: Principal, region: str, parameters: Mapping[str, Any]
) -> Iterator[None]:
    """Record the call that the block makes. A fault raises Refused out of it, as a refusal inside the block does."""
    call = Call(
        id=str(uuid.uuid4()),
        service=service,
        operation=operation,
        region=region,
        principal=principal,
        parameters=parameters,
        source_ip=principal.user_id,
        user_agent=principal.user_id,
        started=datetime.now(UTC),
    )
    running = context.current()
    running.calls.append(call)
    started = time.perf_counter()
    try:
        running.faults.apply(call, Moment.BEFORE)
        yield
        running.faults.apply(call, Moment.AFTER)
    except ConnectionDropped as dropped:
        call.error_code = "ConnectionDropped"
        raise Refused("ConnectionDropped", "The connection was closed without a response.", status=503) from dropped
    except Refused as refused:
        call.error_code, call.error_message = refused.code, refused.message
        raise
    finally:
        call.milliseconds = (time.perf_counter() - started) * 1000


def is_transient(refused: Refused) -> bool:
    """Whether a service would retry: after throttling, and after an error of the other service."""
    return refused.status >= 500 or refused.status == 429 or "Throttl" in refused.code or "TooMany" in refused.code


def service_principal(service: str, *, account: str) -> Principal:
    """A service as itself, acting for an account: `events.amazonaws.com`."""
    return Principal(arn=service, account=account, access_key_id="", user_id=service)


def role_principal(role_arn: str, *, session_name: str, service: str) -> Principal:
    """A service as a session of a role."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    return Principal(
        arn=f"arn:{PARTITION}:sts::{account}:assumed-role/{name}/{session_name}",
        account=account,
        access_key_id="",
        user_id=service,
        role_arn=role_arn,
        session_name=session_name,
    )
