"""Events that a roll-out reports while it runs, as values. `deployer.rendering` prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from deployer.stack_sets import InstanceCounts, InstanceResult, Operation
from deployer.stacks import StackEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """One of the roll-out's steps begins."""

    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded:
    """A step ended; `error` is why it failed, `failed` the number of failed instances although it continued."""

    step: str
    error: str | None = None
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackProgress:
    """An event of a resource in a stack of the caller's account."""

    event: StackEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted:
    """A StackSet operation was submitted."""

    stack_set: str
    operation_id: str
    action: str
    instances: int
    """The number of instances that it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAttached:
    """An operation that another principal or an earlier run started is followed like one of ours."""

    stack_set: str
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationProgress:
    """Progress of an operation; `changed` are the instances whose status changed since the last report.

    If AWS counts the operation's instances, `results` and `changed` are only those that did not succeed.
    """

    stack_set: str
    operation: Operation
    results: tuple[InstanceResult, ...] = field(repr=False)
    changed: tuple[InstanceResult, ...] = field(repr=False)
    completed_before: int = 0
    """The number of instances that had ended at the last report."""
    planned: int | None = None
    """The number of instances that it was started for; None if another principal or an earlier run started it."""

    @property
    def counts(self) -> InstanceCounts:
        """As AWS counts them, or as the results are."""
        return self.operation.counts or count_results(self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationWaitedFor:
    """Another operation on the StackSet is in progress; ours waits."""

    stack_set: str
    operation: Operation
    over: int = 0
    total: int = 0
    """The number of its instances that are finished."""


def count_results(results: Iterable[InstanceResult]) -> InstanceCounts:
    """Counts of results that were listed."""
    found = Counter(result.status for result in results)
    ended = {status: found[status] for status in ("SUCCEEDED", "FAILED", "CANCELLED")}
    return InstanceCounts(
        total=found.total(),
        completed=sum(ended.values()),
        succeeded=ended["SUCCEEDED"],
        failed=ended["FAILED"],
        cancelled=ended["CANCELLED"],
    )


Event = (
    StepStarted
    | StepEnded
    | StackProgress
    | OperationStarted
    | OperationAttached
    | OperationProgress
    | OperationWaitedFor
)
Report = Callable[[Event], None]
