"""StackSets as values: desired and actual state, instances and operations. Pure: AWS is behind a Protocol.

Terms and status names are AWS's own. An operation that SUCCEEDED proves nothing about its instances: failures within
its tolerance do not show there, which is why every decision here rests on instances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from deployer.errors import DeployerError

OUS_PER_OPERATION = 50
"""Quota of CreateStackInstances, UpdateStackSet and DeleteStackInstances."""

ACCOUNTS_PER_OPERATION = 1000
"""Of our own: AWS documents no limit of `Accounts`, only that many of them can be given by `AccountsUrl` instead."""

AccountFilter = Literal["NONE", "INTERSECTION", "DIFFERENCE"]
"""Always passed, since AWS's default is UNION, which CreateStackInstances refuses."""

Action = Literal["CREATE", "UPDATE", "DELETE", "DETECT_DRIFT"]
OperationStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "STOPPING", "STOPPED", "QUEUED"]
InstanceStatus = Literal["CURRENT", "OUTDATED", "INOPERABLE"]
ResultStatus = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]


class InstanceKey(NamedTuple):
    """What identifies a stack instance within its StackSet."""

    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSetDefinition:
    """The desired state of a StackSet. Every value is a literal in the template, so there are no parameters."""

    name: str
    description: str
    body: str = field(repr=False)
    depends_on: tuple[str, ...] = ()
    """Names of the StackSets that auto-deployment deploys first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentTargets:
    """Which accounts an operation acts on: those below the OUs, all, only the named, or all but the named."""

    ou_ids: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    account_filter: AccountFilter = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A stack instance as ListStackInstances gives it; `ou_id` is the target that led to it."""

    account: str
    region: str
    ou_id: str
    status: InstanceStatus
    detailed_status: str = ""
    reason: str = ""
    stack_id: str = ""

    @property
    def key(self) -> InstanceKey:
        return InstanceKey(self.account, self.region)

    @property
    def is_current(self) -> bool:
        return self.status == "CURRENT"

    @property
    def is_skipped(self) -> bool:
        """Whether the last operation left it out because its account was suspended by then (A17)."""
        return self.detailed_status == "SKIPPED_SUSPENDED_ACCOUNT"

    @property
    def is_inoperable(self) -> bool:
        """Whether AWS leaves it out of every update, as after a deletion that failed.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackInstance.html
        """
        return "INOPERABLE" in (self.status, self.detailed_status)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCounts:
    """How many instances an operation is for, and how many have ended in which way."""

    total: int
    completed: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def by_status(self) -> dict[str, int]:
        """The counts by AWS's names of statuses, without those that are zero; PENDING includes RUNNING."""
        pending = self.total - self.completed
        found = {"PENDING": pending, "SUCCEEDED": self.succeeded, "FAILED": self.failed, "CANCELLED": self.cancelled}
        return {status: count for status, count in found.items() if count > 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a StackSet, as far as it got."""

    id: str
    action: Action
    status: OperationStatus
    reason: str = ""
    started: datetime | None = None
    retain_stacks: bool = False
    """Whether it only removes instances from the StackSet, which AWS also does for suspended accounts."""
    counts: InstanceCounts | None = None
    """Its progress as AWS counts it; None from SDKs before 1.44.6, and for actions without counts."""
    regions: Mapping[str, InstanceCounts] = field(default_factory=dict, repr=False, hash=False)
    """The same for each region; empty in lists of operations."""

    @property
    def is_counted(self) -> bool:
        """Whether the counts are those of its end, so that its successes do not have to be listed."""
        return self.is_over and self.counts is not None and 0 < self.counts.total == self.counts.completed

    @property
    def is_over(self) -> bool:
        return self.status in {"SUCCEEDED", "FAILED", "STOPPED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceResult:
    """The result of an operation for one instance."""

    account: str
    region: str
    status: ResultStatus
    reason: str = ""

    @property
    def key(self) -> InstanceKey:
        return InstanceKey(self.account, self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSetState:
    """The actual state of a StackSet. `auto_deployment_targets` are the OUs whose future accounts AWS covers."""

    name: str
    arn: str
    body: str = field(repr=False)
    description: str
    auto_deployment: bool
    retain_on_removal: bool
    depends_on: tuple[str, ...] = ()
    auto_deployment_targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    instances: tuple[Instance, ...] = field(default=(), repr=False)
    in_progress: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOperation:
    """One call of CreateStackInstances, UpdateStackSet or DeleteStackInstances, and the instances that it is for."""

    action: Literal["CREATE", "UPDATE", "DELETE"]
    targets: DeploymentTargets
    regions: tuple[str, ...]
    instances: tuple[InstanceKey, ...] = field(repr=False)
    retain_stacks: bool = False
    """Whether a deletion only removes the instances from the StackSet and keeps their stacks."""


class NotInStackSetError(DeployerError):
    """AWS finds no instance of an account and region, or no instance of an OU, that an operation names."""


class StackSets(Protocol):
    """The StackSets of the caller's organization; `deployer.aws.stack_sets` is the one that calls AWS.

    Methods that start an operation return its id. They raise BusyError if another one outlasts their wait,
    and NotInStackSetError when an update or deletion names what the StackSet does not have.
    """

    def names(self) -> tuple[str, ...]:
        """Every StackSet that exists, of any tool."""

    def describe(self, name: str) -> StackSetState | None: ...

    def recall(self, name: str) -> StackSetState | None:
        """The state as it was last described, unless this command has changed the StackSet since."""

    def create(self, definition: StackSetDefinition) -> str:
        """Create a StackSet without instances; returns its ARN."""

    def update(self, definition: StackSetDefinition, *, only: InstanceOperation | None) -> str:
        """Change the StackSet and all its instances, or `only` those; the rest are OUTDATED then."""

    def refresh(self, definition: StackSetDefinition, operation: InstanceOperation) -> str:
        """Update instances to the current StackSet; other instances keep their status."""

    def operate(self, name: str, operation: InstanceOperation) -> str:
        """Create or delete instances."""

    def delete(self, name: str) -> None:
        """Delete a StackSet that has no instances; does nothing if it does not exist."""

    def operation(self, name: str, operation_id: str) -> Operation: ...

    def results(
        self, name: str, operation_id: str, *, status: ResultStatus | None = None
    ) -> tuple[InstanceResult, ...]:
        """The results of an operation so far, a hundred a call; only those of one status if it is given."""

    def operations_in_progress(self, name: str) -> tuple[Operation, ...]: ...
