"""The stack instances of StackSets, and their templates, as the central account reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from handler.clients import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import (
        ListStackInstancesInputTypeDef,
        ListStackSetsInputTypeDef,
        StackInstanceSummaryTypeDef,
    )

CallAs = Literal["SELF", "DELEGATED_ADMIN"]

SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"
"""Detailed status of a stack instance whose account was suspended during the last operation (assumption A17).
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackInstanceComprehensiveStatus.html"""


FAILED = frozenset({"FAILED", "FAILED_IMPORT", "INOPERABLE"})
"""Detailed statuses of a stack instance that the last operation left unfinished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackInstance:
    """A stack instance as ListStackInstances returns it."""

    account: str
    region: str
    stack_id: str
    status: str
    is_skipped: bool
    """Whether the last operation skipped it, because its account was suspended."""
    is_failed: bool = False
    """Whether the last operation failed for it."""
    reason: str = ""
    """Why, in AWS's words."""


@dataclass(slots=True, kw_only=True)
class StackSets:
    """StackSets with the caller's `CallAs`; each is read once until `forget`."""

    clients: Clients
    call_as: CallAs
    _instances: dict[str, tuple[StackInstance, ...]] = field(default_factory=dict)
    _names: tuple[str, ...] | None = None

    def instances(self, stack_set: str) -> tuple[StackInstance, ...]:
        """Every instance of a StackSet; none before the first roll-out to members, when it does not exist."""
        if stack_set not in self._instances:
            try:
                self._instances[stack_set] = tuple(self._read(stack_set))
            except ClientError as error:
                _raise_unless_missing(error)
                self._instances[stack_set] = ()
        return self._instances[stack_set]

    def names(self, prefix: str) -> tuple[str, ...]:
        """The StackSets whose names begin with a prefix, in order."""
        if self._names is None:
            self._names = tuple(sorted(self._list()))
        return tuple(name for name in self._names if name.startswith(prefix))

    def body(self, stack_set: str) -> str | None:
        """The template of a StackSet; None if it does not exist."""
        try:
            found = self.clients.own("cloudformation").describe_stack_set(StackSetName=stack_set, CallAs=self.call_as)
        except ClientError as error:
            _raise_unless_missing(error)
            return None
        return str(found["StackSet"]["TemplateBody"])

    def forget(self) -> None:
        """Read everything again."""
        self._instances.clear()
        self._names = None

    def _list(self) -> Iterator[str]:
        client: CloudFormationClient = self.clients.own("cloudformation")
        request: ListStackSetsInputTypeDef = {"Status": "ACTIVE", "CallAs": self.call_as}
        while True:
            response = client.list_stack_sets(**request)
            yield from (one["StackSetName"] for one in response["Summaries"])
            if not response.get("NextToken"):
                return
            request["NextToken"] = response["NextToken"]

    def _read(self, stack_set: str) -> Iterator[StackInstance]:
        client: CloudFormationClient = self.clients.own("cloudformation")
        request: ListStackInstancesInputTypeDef = {"StackSetName": stack_set, "CallAs": self.call_as}
        while True:
            response = client.list_stack_instances(**request)
            for one in response["Summaries"]:
                yield _instance(one)
            if not response.get("NextToken"):
                return
            request["NextToken"] = response["NextToken"]


def _instance(summary: StackInstanceSummaryTypeDef) -> StackInstance:
    detailed = summary.get("StackInstanceStatus", {}).get("DetailedStatus")
    return StackInstance(
        account=summary["Account"],
        region=summary["Region"],
        stack_id=summary.get("StackId", ""),
        status=summary.get("Status", ""),
        is_skipped=detailed == SKIPPED,
        is_failed=detailed in FAILED,
        reason=summary.get("StatusReason", ""),
    )


def _raise_unless_missing(error: ClientError) -> None:
    """Raise an error again, unless it is that the StackSet does not exist."""
    if error.response["Error"]["Code"] != "StackSetNotFoundException":
        raise error
