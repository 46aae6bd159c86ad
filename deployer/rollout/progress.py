"""Events that a roll-out reports while it runs, as values. `deployer.rendering` prints them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deployer.stack_sets import InstanceResult, Operation
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
    """Progress of an operation; `changed` are the instances whose status changed since the last report."""

    stack_set: str
    operation: Operation
    results: tuple[InstanceResult, ...] = field(repr=False)
    changed: tuple[InstanceResult, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationWaitedFor:
    """Another operation on the StackSet is in progress; ours waits."""

    stack_set: str
    operation: Operation
    over: int = 0
    total: int = 0
    """The number of its instances that are finished."""


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
