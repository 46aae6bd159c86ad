"""A StackSet of one check: a log group in each account and region, which costs nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from acceptance.journal import Resource
from acceptance.lab import Lab
from deployer.aws.errors import code_of

_UNDER_WAY = {"QUEUED", "RUNNING", "STOPPING"}
_BUSY = {"OperationInProgressException", "StaleRequestException"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStackSet:
    """A service-managed StackSet with auto-deployment."""

    lab: Lab
    name: str

    @property
    def call_as(self) -> Mapping[str, str]:
        return {"CallAs": "SELF" if self.lab.environment.is_management else "DELEGATED_ADMIN"}

    @property
    def client(self) -> Any:
        return self.lab.client("central", "cloudformation")

    def create(self, *, log_group: str | None = None) -> None:
        """Create it without instances; `log_group` is the name of what it deploys, its own by default."""
        details = {**_lower(self.call_as), "suspended": self.lab.environment.suspended_account or ""}
        resource = Resource(
            kind="StackSet", side="central", region=self.lab.environment.region, name=self.name, details=details
        )
        body = self.template(log_group or f"/acceptance/{self.name}")
        self.lab.create(
            resource,
            lambda: self.client.create_stack_set(
                StackSetName=self.name,
                PermissionModel="SERVICE_MANAGED",
                TemplateBody=body,
                AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
                **self.call_as,
            ),
        )

    def template(self, log_group: str, *, days: int = 1) -> str:
        properties = {"LogGroupName": log_group, "RetentionInDays": days}
        return json.dumps({"Resources": {"LogGroup": {"Type": "AWS::Logs::LogGroup", "Properties": properties}}})

    def operate(
        self,
        call: str,
        *,
        ous: Sequence[str],
        regions: Sequence[str],
        accounts: Sequence[str] = (),
        **options: Any,
    ) -> Mapping[str, Any]:
        """Start an operation on OUs, or on named accounts of them, and wait; gives the operation as it ended."""
        targets: dict[str, Any] = {"OrganizationalUnitIds": list(ous), "AccountFilterType": "NONE"}
        if accounts:
            targets |= {"Accounts": list(accounts), "AccountFilterType": "INTERSECTION"}
        started = self.lab.wait_while(
            _BUSY,
            lambda: getattr(self.client, call)(
                StackSetName=self.name, DeploymentTargets=targets, Regions=list(regions), **options, **self.call_as
            ),
            limit=300.0,
        )
        return self.finished(started["OperationId"])

    def finished(self, operation: str) -> Mapping[str, Any]:
        """An operation when it is over."""

        def poll() -> Mapping[str, Any] | None:
            answer = self.client.describe_stack_set_operation(
                StackSetName=self.name, OperationId=operation, **self.call_as
            )
            found: Mapping[str, Any] = answer["StackSetOperation"]
            return None if found["Status"] in _UNDER_WAY else found

        return self.lab.wait(f"an operation of StackSet {self.name}", poll)

    def results(self, operation: str) -> list[Mapping[str, Any]]:
        """What an operation did in each account and region."""
        answer = self.client.list_stack_set_operation_results(
            StackSetName=self.name, OperationId=operation, **self.call_as
        )
        return list(answer["Summaries"])

    def targets(self) -> dict[str, list[str]]:
        """What auto-deployment covers: regions by OU."""
        answer = self.client.list_stack_set_auto_deployment_targets(StackSetName=self.name, **self.call_as)
        return {one["OrganizationalUnitId"]: sorted(one["Regions"]) for one in answer["Summaries"]}

    def instances(self) -> list[Mapping[str, Any]]:
        """All instances."""
        return list(self.client.list_stack_instances(StackSetName=self.name, **self.call_as)["Summaries"])

    def description(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.client.describe_stack_set(StackSetName=self.name, **self.call_as)["StackSet"]
        return found

    def settled(self) -> None:
        """Wait until no operation is in progress."""

        def poll() -> bool | None:
            answer = self.client.list_stack_set_operations(StackSetName=self.name, **self.call_as)
            return None if any(one["Status"] in _UNDER_WAY for one in answer["Summaries"]) else True

        self.lab.wait(f"operations of StackSet {self.name}", poll)


def trial(lab: Lab, what: str) -> TrialStackSet:
    """A StackSet of this name."""
    return TrialStackSet(lab=lab, name=lab.name(what))


def child_ou(lab: Lab, name: str) -> str:
    """An OU below the one under test; its id."""
    organizations = lab.client("management", "organizations")
    details = {"parent": lab.environment.ou}
    resource = Resource(
        kind="OU", side="management", region=lab.environment.region, name=lab.name(name), details=details
    )
    made = lab.create(
        resource,
        lambda: organizations.create_organizational_unit(ParentId=lab.environment.ou, Name=resource.name),
    )
    return str(made["OrganizationalUnit"]["Id"])


def move(lab: Lab, *, to: str) -> None:
    """Move the member under test to another OU."""
    organizations, account = lab.client("management", "organizations"), lab.environment.member_account
    resource = Resource(
        kind="moved account",
        side="management",
        region=lab.environment.region,
        name=account,
        details={"home": lab.environment.ou},
    )
    parent = organizations.list_parents(ChildId=account)["Parents"][0]["Id"]
    lab.create(
        resource,
        lambda: organizations.move_account(AccountId=account, SourceParentId=parent, DestinationParentId=to),
    )


def refusal_of(error: ClientError) -> dict[str, str]:
    """Code and message of a refused call."""
    return {"code": code_of(error), "message": str(error.response["Error"].get("Message", ""))}


def _lower(call_as: Mapping[str, str]) -> dict[str, str]:
    return {"call_as": call_as["CallAs"]}
