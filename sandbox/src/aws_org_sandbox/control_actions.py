"""The actions of the control API: report the status, settle, reset, and change accounts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from aws_org_sandbox import background, fault_actions
from aws_org_sandbox.registry import front

if TYPE_CHECKING:
    from aws_org_sandbox.calls import CallLog
    from aws_org_sandbox.control import Action
    from aws_org_sandbox.faults import Faults
    from aws_org_sandbox.organization import Account, Organization


class Controlled(Protocol):
    """A running sandbox, as far as it is controlled from outside the process."""

    home_region: str
    central_account: str

    @property
    def endpoint_url(self) -> str: ...
    @property
    def organization(self) -> Organization: ...
    @property
    def calls(self) -> CallLog: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def defects(self) -> Sequence[BaseException]: ...
    def settle(self, timeout: float = ...) -> None: ...
    def reset(self) -> None: ...
    def environment(self, account_id: str | None = ...) -> Mapping[str, str]: ...
    def create_account(self, name: str, ou_id: str | None = ...) -> Account: ...
    def move_account(self, account_id: str, ou_id: str) -> None: ...
    def suspend_account(self, account_id: str) -> None: ...


def control_actions(sandbox: Controlled) -> Mapping[str, Action]:
    """The actions of one sandbox, by name."""

    def settle(values: Mapping[str, Any]) -> Mapping[str, Any]:
        sandbox.settle(float(values.get("timeout", 30.0)))
        return {"settled": True}

    def reset(_: Mapping[str, Any]) -> Mapping[str, Any]:
        sandbox.reset()
        return _status(sandbox)

    def environment(values: Mapping[str, Any]) -> Mapping[str, Any]:
        account = values.get("account")
        if account is not None:
            sandbox.organization.require_account(str(account))
        return sandbox.environment(account)

    def create_account(values: Mapping[str, Any]) -> Mapping[str, Any]:
        account = sandbox.create_account(str(values["name"]), values.get("ou"))
        return {"id": account.id, "name": account.name}

    def move_account(values: Mapping[str, Any]) -> Mapping[str, Any]:
        sandbox.organization.require_account(str(values["account"]))
        sandbox.move_account(str(values["account"]), str(values["ou"]))
        return {}

    def suspend_account(values: Mapping[str, Any]) -> Mapping[str, Any]:
        sandbox.organization.require_account(str(values["account"]))
        sandbox.suspend_account(str(values["account"]))
        return {}

    return {
        "create-account": create_account,
        "environment": environment,
        "fault-add": lambda values: fault_actions.add(sandbox.faults, values, organization=sandbox.organization),
        "fault-clear": lambda _: fault_actions.clear(sandbox.faults),
        "fault-list": lambda _: fault_actions.listed(sandbox.faults),
        "move-account": move_account,
        "registry": front.control,
        "reset": reset,
        "settle": settle,
        "status": lambda _: _status(sandbox),
        "suspend-account": suspend_account,
    }


def _status(sandbox: Controlled) -> Mapping[str, Any]:
    organization = sandbox.organization
    return {
        "pid": os.getpid(),
        "endpoint_url": sandbox.endpoint_url,
        "organization": organization.id,
        "accounts": len(organization.accounts),
        "central_account": sandbox.central_account,
        "home_region": sandbox.home_region,
        "calls": sandbox.calls.total,
        "pending": background.scheduler.pending,
        "defects": [f"{type(defect).__name__}: {defect}" for defect in sandbox.defects],
    }
