"""The model of a service-managed StackSet: stack instances, operations and their results."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

from aws_org_sandbox.cloudformation import ResourceDrift

Action = Literal["CREATE", "UPDATE", "DELETE", "DETECT_DRIFT"]
OperationStatus = Literal["QUEUED", "RUNNING", "STOPPING", "STOPPED", "SUCCEEDED", "FAILED"]
ResultStatus = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
RESULT_STATUSES: frozenset[str] = frozenset(get_args(ResultStatus))
InstanceStatus = Literal["CURRENT", "OUTDATED", "INOPERABLE"]
DetailedStatus = Literal[
    "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "INOPERABLE", "SKIPPED_SUSPENDED_ACCOUNT"
]
Key = tuple[str, str]
"""Account and region: the key of an instance within its StackSet."""

UNFINISHED: frozenset[OperationStatus] = frozenset({"QUEUED", "RUNNING", "STOPPING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoDeployment:
    """Whether accounts that join a target OU are deployed to, and what happens in those that leave."""

    enabled: bool
    retain_stacks: bool = False
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The order and limits of an operation; counts take precedence over percentages (AWS accepts only one of them)."""

    region_order: tuple[str, ...] = ()
    parallel_regions: bool = False
    tolerance_count: int | None = None
    tolerance_percentage: int | None = None
    concurrent_count: int | None = None
    concurrent_percentage: int | None = None
    soft: bool = False

    def tolerance(self, accounts: int) -> int:
        """How many accounts of a region may fail; percentages round down."""
        if self.tolerance_percentage is not None:
            return accounts * self.tolerance_percentage // 100
        return self.tolerance_count or 0

    def concurrency(self, accounts: int) -> int:
        """How many accounts of a region run at once; percentages round down, but never to zero."""
        if self.concurrent_percentage is not None:
            return max(1, accounts * self.concurrent_percentage // 100)
        return self.concurrent_count or 1


@dataclass(kw_only=True)
class Instance:
    """A stack in one account and region. `organizational_unit_id` is the OU of the request that covers it."""

    account: str
    region: str
    organizational_unit_id: str
    stack_id: str | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    status: InstanceStatus = "OUTDATED"
    detailed: DetailedStatus = "PENDING"
    reason: str | None = None
    last_operation_id: str | None = None
    drift_status: Literal["DRIFTED", "IN_SYNC", "NOT_CHECKED"] = "NOT_CHECKED"
    drift_checked: datetime | None = None
    unique: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Of this instance alone: one that is created again gets a stack with another name."""

    @property
    def key(self) -> Key:
        return self.account, self.region


@dataclass(kw_only=True)
class Result:
    """The result of an operation in one account and region."""

    account: str
    region: str
    organizational_unit_id: str
    status: ResultStatus = "PENDING"
    reason: str | None = None

    @property
    def key(self) -> Key:
        return self.account, self.region


@dataclass(kw_only=True)
class Operation:
    """One operation on the instances of a StackSet; `request` is its API request, None for auto-deployment."""

    id: str
    action: Action
    results: dict[Key, Result]
    regions: tuple[str, ...]
    preferences: Preferences = Preferences()
    request: str | None = None
    targets: Mapping[str, object] | None = None
    retain_stacks: bool = False
    overrides: Mapping[str, str] | None = None
    status: OperationStatus = "QUEUED"
    reason: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    waits_for: tuple[Operation, ...] = ()
    drifts: dict[Key, tuple[ResourceDrift, ...]] = field(default_factory=dict)
    """What a drift detection found, by stack instance."""
    is_resolved: bool = False
    """Whether AWS has resolved its accounts and regions, which it does when the operation starts, not before."""

    @property
    def is_unfinished(self) -> bool:
        return self.status in UNFINISHED


@dataclass(kw_only=True)
class StackSet:
    """A StackSet in the management account, whoever administers it. `targets` are those of auto-deployment."""

    name: str
    region: str
    management_account: str
    template_body: str = field(repr=False)
    parameters: dict[str, str]
    tags: dict[str, str]
    capabilities: tuple[str, ...]
    description: str | None
    auto_deployment: AutoDeployment
    managed_execution: bool
    token: str | None
    unique: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Literal["ACTIVE", "DELETED"] = "ACTIVE"
    targets: dict[str, list[str]] = field(default_factory=dict)
    instances: dict[Key, Instance] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def id(self) -> str:
        return f"{self.name}:{self.unique}"

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.management_account}:stackset/{self.id}"

    def stack_name(self, instance: Instance) -> str:
        """The name of an instance's stack; AWS never associates a stack that an earlier instance retained again."""
        return f"StackSet-{self.name}-{instance.unique}"

    @property
    def unfinished(self) -> Iterator[Operation]:
        return (operation for operation in self.operations if operation.is_unfinished)

    def add_target(self, ou_id: str, regions: tuple[str, ...]) -> None:
        """From now on, accounts that join the OU are deployed to in these regions too."""
        known = self.targets.setdefault(ou_id, [])
        known.extend(region for region in regions if region not in known)

    def remove_target(self, ou_id: str, regions: tuple[str, ...]) -> None:
        left = [region for region in self.targets.get(ou_id, []) if region not in regions]
        if left:
            self.targets[ou_id] = left
        else:
            self.targets.pop(ou_id, None)
