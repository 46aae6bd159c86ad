"""CloudFormation stacks as values, and the Protocol that `deployer.aws.stacks` fulfils. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Capability = Literal["CAPABILITY_NAMED_IAM"]
CAPABILITIES: tuple[Capability, ...] = ("CAPABILITY_NAMED_IAM",)
"""Roles have names that other accounts' policies refer to."""

INLINE_TEMPLATE_BYTES = 51_200
"""The largest TemplateBody; above it a TemplateURL is needed."""

STACK_TYPE = "AWS::CloudFormation::Stack"
"""The resource type of a stack's events about itself."""

FUNCTION_TYPE = "AWS::Lambda::Function"
"""The resource type of a Lambda function."""

STUCK = "UPDATE_ROLLBACK_FAILED"
"""The status of a stack that accepts no update until its rollback is continued."""

UNUSABLE = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""Statuses of a stack whose creation or deletion failed: it can only be deleted."""


def is_in_progress(status: str) -> bool:
    """Whether an operation on a stack is in progress; REVIEW_IN_PROGRESS is a change set that waits for execution."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackDefinition:
    """The desired state of a stack, in one region of the caller's account."""

    name: str
    region: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """The actual state of a stack; `body` is the template that was last submitted."""

    name: str
    region: str
    status: str
    body: str = field(repr=False)
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_unusable(self) -> bool:
        return self.status in UNUSABLE

    @property
    def is_in_progress(self) -> bool:
        return is_in_progress(self.status)

    @property
    def is_complete(self) -> bool:
        """Whether the stack matches its template; after an update that was rolled back it does not."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """A change that CloudFormation would make to one resource; `details` name the properties that cause it."""

    action: Literal["Add", "Modify", "Remove", "Import", "Dynamic"]
    logical_id: str
    type: str
    replacement: Literal["True", "False", "Conditional"] = "False"
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """One event of a stack."""

    stack: str
    logical_id: str
    type: str
    status: str
    reason: str = ""

    @property
    def is_failure(self) -> bool:
        return self.status.endswith("_FAILED")

    @property
    def is_cause(self) -> bool:
        """A failure of its own, not one that another resource's failure cancelled."""
        return self.is_failure and "cancelled" not in self.reason.lower()


OnStackEvent = Callable[[StackEvent], None]


class Stacks(Protocol):
    """Stacks of the caller's account; calls that change one return when it is done.

    A stack that fails raises DeployerError with the failing resource's reason.
    """

    def describe(self, name: str, *, region: str) -> StackState | None: ...

    def preview(self, definition: StackDefinition) -> tuple[ResourceChange, ...]:
        """What an existing stack's update would do, from a change set that is deleted again."""

    def apply(self, definition: StackDefinition, on_event: OnStackEvent, *, reverts: bool = False) -> None:
        """Create or update; a stack that can only be deleted is deleted first.

        `reverts`: an update also reverts what was changed, or deleted, without CloudFormation.
        """

    def delete(self, name: str, *, region: str, on_event: OnStackEvent) -> None: ...
