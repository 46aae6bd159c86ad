"""One StackSet operation, start to end: wait for others, report its progress, read its result for each instance.

A StackSet runs one operation at a time. If another one is in progress, we wait, follow it like our own, or stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import partial
from typing import Literal, NamedTuple

from deployer.clock import Clock
from deployer.errors import BusyError, DeployerError
from deployer.polling import polls
from deployer.rollout.operation_ids import author
from deployer.rollout.progress import (
    OperationAttached,
    OperationProgress,
    OperationStarted,
    OperationWaitedFor,
    Report,
    count_results,
)
from deployer.stack_sets import (
    InstanceCounts,
    InstanceKey,
    InstanceOperation,
    InstanceResult,
    NotInStackSetError,
    Operation,
    StackSets,
)
from deployer.words import counted

Results = dict[InstanceKey, InstanceResult]
IfBusy = Literal["wait", "attach", "give-up"]

OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
"""Final statuses of a result."""


class Finished(NamedTuple):
    """An operation that ended, and its result for each instance; if AWS counts them, only for those without success."""

    operation: Operation
    results: Results

    @property
    def counts(self) -> InstanceCounts:
        """How its instances ended."""
        counts = self.operation.counts if self.operation.is_counted else None
        return counts or count_results(self.results.values())

    def succeeded(self, intended: AbstractSet[InstanceKey]) -> int:
        """How many of the intended instances succeeded; it may have been carried out in others too."""
        if self.operation.is_counted:
            return min(self.counts.succeeded, len(intended - self.results.keys()))
        return sum(key in intended and result.status == "SUCCEEDED" for key, result in self.results.items())


class OperationRunner:
    """Runs operations one after the other, as a StackSet allows, and keeps the last result of each instance."""

    def __init__(self, stack_sets: StackSets, *, report: Report, clock: Clock, if_busy: IfBusy = "wait") -> None:
        self._stack_sets = stack_sets
        self._report = report
        self._clock = clock
        self._if_busy = if_busy
        self.results: dict[str, Results] = {}

    def run(self, name: str, start: Callable[[], str], *, action: str, instances: int) -> Finished:
        """Start an operation once no other is in progress, and return it when it ends."""
        try:
            operation_id = self._start(name, start)
        except KeyboardInterrupt:
            self._report_in_progress(name)
            raise
        self._report(OperationStarted(stack_set=name, operation_id=operation_id, action=action, instances=instances))
        finished = self._follow(name, operation_id, planned=instances)
        self.results.setdefault(name, {}).update(finished.results)
        return finished

    def run_on_instances(self, name: str, operation: InstanceOperation) -> Finished | None:
        """Create or delete instances. None if AWS finds nothing to delete, as in an OU that never had accounts."""
        try:
            return self.run(
                name,
                partial(self._stack_sets.operate, name, operation),
                action=operation.action,
                instances=len(operation.instances),
            )
        except NotInStackSetError:
            if operation.action == "DELETE" and not operation.instances:
                return None
            raise

    def delete(self, name: str) -> None:
        """Delete a StackSet without instances once no operation is in progress, which is reported."""
        for _ in polls(self._clock):
            try:
                return self._stack_sets.delete(name)
            except BusyError:
                self.wait_until_free(name)
        raise AssertionError("polls() does not end")

    def wait_until_free(self, name: str) -> None:
        """Wait for operations that someone, or an earlier run, started; raises BusyError if waiting is disabled."""
        reported: set[OperationWaitedFor] = set()
        for _ in polls(self._clock):
            in_progress = self._stack_sets.operations_in_progress(name)
            if not in_progress:
                return
            if self._if_busy == "give-up":
                raise _given_up(self._waited_for(name, in_progress[0]))
            if self._if_busy == "attach":
                self._attach(name, in_progress[-1])
                continue
            for operation in in_progress:
                waited_for = self._waited_for(name, operation)
                if waited_for not in reported:
                    reported.add(waited_for)
                    self._report(waited_for)

    def _report_in_progress(self, name: str) -> None:
        """AWS may have accepted an operation whose response was lost by the interruption."""
        with suppress(DeployerError):
            for operation in self._stack_sets.operations_in_progress(name):
                self._report(OperationAttached(stack_set=name, operation=operation))

    def _attach(self, name: str, operation: Operation) -> None:
        self._report(OperationAttached(stack_set=name, operation=operation))
        finished = self._follow(name, operation.id)
        self.results.setdefault(name, {}).update(finished.results)

    def _waited_for(self, name: str, operation: Operation) -> OperationWaitedFor:
        over, total = progress_of(self._stack_sets, name, operation)
        return OperationWaitedFor(stack_set=name, operation=operation, over=over, total=total)

    def _start(self, name: str, start: Callable[[], str]) -> str:
        for _ in polls(self._clock):
            try:
                return start()
            except BusyError:
                self.wait_until_free(name)
        raise AssertionError("polls() does not end")

    def _follow(self, name: str, operation_id: str, *, planned: int | None = None) -> Finished:
        known: Results = {}
        completed = 0
        for _ in polls(self._clock):
            operation = self._stack_sets.operation(name, operation_id)
            results = tuple(self._results(name, operation, known))
            progress = OperationProgress(
                stack_set=name,
                operation=operation,
                results=results,
                changed=tuple(result for result in results if known.get(result.key) != result),
                completed_before=completed,
                planned=planned,
            )
            known = {result.key: result for result in results}
            completed = progress.counts.completed
            self._report(progress)
            if operation.is_over:
                return Finished(operation, known)
        raise AssertionError("polls() does not end")

    def _results(self, name: str, operation: Operation, known: Results) -> Iterator[InstanceResult]:
        """If AWS counts an operation's instances, those without success are listed, and only if there are new ones.

        Otherwise, and if the counts are not complete when it ends, all of them are.
        """
        counts = operation.counts
        if counts is None or (operation.is_over and not operation.is_counted):
            yield from self._stack_sets.results(name, operation.id)
            return
        failed = [result for result in known.values() if result.status == "FAILED"]
        is_new = counts.failed > len(failed)
        yield from self._stack_sets.results(name, operation.id, status="FAILED") if is_new else failed
        if operation.is_over and counts.cancelled:
            yield from self._stack_sets.results(name, operation.id, status="CANCELLED")


def progress_of(stack_sets: StackSets, name: str, operation: Operation) -> tuple[int, int]:
    """The number of an operation's instances that are finished, and of all."""
    if operation.counts is not None:
        return operation.counts.completed, operation.counts.total
    results = stack_sets.results(name, operation.id)
    return sum(result.status in OVER for result in results), len(results)


def describe_operation(operation: Operation, *, over: int | None = None, total: int = 0) -> str:
    """What is in progress, since when and by whom, as far as AWS reports it; and its progress, if requested."""
    who = author(operation.id)
    since = f" since {operation.started:%Y-%m-%d %H:%M:%S}" if operation.started else ""
    by = f"started by {who} with deployer" if who else "not started by deployer (CloudTrail shows who started it)"
    far = "" if over is None else f"; {over:,} of {counted(total, 'instance')} finished"
    return f"{operation.action} {operation.id}, {operation.status}{since}, {by}{far}"


def _given_up(busy: OperationWaitedFor) -> BusyError:
    return BusyError(
        f"StackSet {busy.stack_set} is busy: {describe_operation(busy.operation, over=busy.over, total=busy.total)}",
        next_step="Run the command again when that operation has ended, or omit --if-busy give-up to wait.",
    )
