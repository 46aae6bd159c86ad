"""What continues in AWS when a command is stopped: the operation that it follows, as last reported. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.rendering.text import Line, wrapped
from deployer.rollout.progress import (
    Event,
    OperationAttached,
    OperationProgress,
    OperationStarted,
    Report,
    StackProgress,
    StepEnded,
    StepStarted,
)


class OperationsInProgress:
    """Records what is in progress."""

    def __init__(self) -> None:
        self._operation: tuple[str, str, str] | None = None
        self._stack: str | None = None
        self._step: str | None = None
        """A step that changes a stack; AWS may have accepted it although the stack does not show it yet."""

    def observing(self, report: Report) -> Report:
        """A report that updates this first."""

        def both(event: Event) -> None:
            self.apply(event)
            report(event)

        return both

    def apply(self, event: Event) -> None:
        """Apply an event."""
        match event:
            case OperationStarted():
                self._operation = (event.stack_set, event.operation_id, event.action)
            case OperationAttached():
                self._operation = (event.stack_set, event.operation.id, event.operation.action)
            case OperationProgress() if event.operation.is_over:
                self._operation = None
            case StepStarted():
                self._step = event.step if event.step.startswith("stack ") else None
            case StepEnded():
                self._step = None
            case StackProgress(event=change):
                is_end = change.logical_id == change.stack and not change.status.endswith("_IN_PROGRESS")
                self._stack = None if is_end else change.stack

    def lines(self, command: str) -> Iterator[Line]:
        """The message for a user who stops the command."""
        yield Line("Interrupted.", "heading")
        if self._operation is not None:
            stack_set, operation, action = self._operation
            yield from wrapped(f"AWS continues {action} of StackSet {stack_set}, operation", indent=0)
            yield Line(f"  {operation}")
        elif self._stack is not None:
            yield from wrapped(f"AWS continues with stack {self._stack}.", indent=0)
        elif self._step is not None:
            yield from wrapped(f"AWS may continue with {self._step}, if it accepted the change.", indent=0)
        yield from wrapped(f"Run `{command}` to resume: it waits for operations in progress.", indent=0)
