"""One StackSet operation, start to end: wait for its turn, tell how far it is, read what it did to each instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from deployer.errors import BusyError
from deployer.polling import Sleep, looks
from deployer.progress import OperationProgress, OperationStarted, OperationWaitedFor, Report
from deployer.stack_sets import InstanceKey, InstanceResult, Operation, StackSets

Results = dict[InstanceKey, InstanceResult]


class Finished(NamedTuple):
    """An operation that is over, and what it did to each instance."""

    operation: Operation
    results: Results


class OperationRunner:
    """Runs operations one after the other, as a StackSet allows, and keeps the last result of each instance."""

    def __init__(self, stack_sets: StackSets, *, report: Report, sleep: Sleep) -> None:
        self._stack_sets = stack_sets
        self._report = report
        self._sleep = sleep
        self.results: dict[str, Results] = {}

    def run(self, name: str, start: Callable[[], str], *, action: str, instances: int) -> Finished:
        """Start an operation once no other is under way, and give it back when it is over."""
        operation_id = self._start(name, start)
        self._report(OperationStarted(stack_set=name, operation_id=operation_id, action=action, instances=instances))
        finished = self._follow(name, operation_id)
        self.results.setdefault(name, {}).update(finished.results)
        return finished

    def wait_until_free(self, name: str) -> None:
        """Wait for operations that someone, or an earlier run, started."""
        told: set[tuple[str, str]] = set()
        for _ in looks(self._sleep):
            under_way = self._stack_sets.operations_in_progress(name)
            if not under_way:
                return
            for operation in under_way:
                if (operation.id, operation.status) not in told:
                    told.add((operation.id, operation.status))
                    self._report(OperationWaitedFor(stack_set=name, operation=operation))

    def _start(self, name: str, start: Callable[[], str]) -> str:
        for _ in looks(self._sleep):
            try:
                return start()
            except BusyError:
                self.wait_until_free(name)
        raise AssertionError("looks() does not end")

    def _follow(self, name: str, operation_id: str) -> Finished:
        known: Results = {}
        for _ in looks(self._sleep):
            operation = self._stack_sets.operation(name, operation_id)
            results = self._stack_sets.results(name, operation_id)
            changed = tuple(result for result in results if known.get(result.key) != result)
            known.update({result.key: result for result in results})
            self._report(OperationProgress(stack_set=name, operation=operation, results=results, changed=changed))
            if operation.is_over:
                return Finished(operation, known)
        raise AssertionError("looks() does not end")
