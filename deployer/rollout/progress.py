"""What a roll-out tells while it runs: values, one for each thing that happens. `deployer.rendering` shows them."""

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
    """A step is over; `error` says why when it failed, `failed` how many instances did although it went on."""

    step: str
    error: str | None = None
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackProgress:
    """CloudFormation did something to a resource of a stack of the caller's account."""

    event: StackEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted:
    """A StackSet operation was asked for."""

    stack_set: str
    operation_id: str
    action: str
    instances: int
    """How many it is meant for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAttached:
    """An operation that somebody else, or an earlier run, started is followed like one of ours."""

    stack_set: str
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationProgress:
    """How far an operation is; `changed` are the instances that are further than last time."""

    stack_set: str
    operation: Operation
    results: tuple[InstanceResult, ...] = field(repr=False)
    changed: tuple[InstanceResult, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationWaitedFor:
    """Another operation on the StackSet is under way; ours has to wait."""

    stack_set: str
    operation: Operation
    over: int = 0
    total: int = 0
    """Of its instances, how many are over."""


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
