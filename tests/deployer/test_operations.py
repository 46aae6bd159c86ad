"""Operations wait for their turn, are followed to their end, and tell each instance once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.errors import BusyError
from deployer.operations import OperationRunner
from deployer.progress import Event, OperationProgress, OperationStarted, OperationWaitedFor
from deployer.stack_sets import (
    InstanceOperation,
    InstanceResult,
    Operation,
    StackSetDefinition,
    StackSetState,
)


def _operation(id_: str, status: str) -> Operation:
    return Operation(id=id_, action="CREATE", status=status)  # type: ignore[arg-type]


def _result(account: str, status: str) -> InstanceResult:
    return InstanceResult(account=account, region="x", status=status)  # type: ignore[arg-type]


class Script:
    """A StackSet whose operation goes as written: each look takes the next line."""

    def __init__(self, *, others: int, looks: Sequence[tuple[str, tuple[InstanceResult, ...]]]) -> None:
        self._others = others
        self._looks: Iterator[tuple[str, tuple[InstanceResult, ...]]] = iter(looks)
        self._results: tuple[InstanceResult, ...] = ()

    def start(self) -> str:
        if self._others:
            raise BusyError("another operation is under way")
        return "ours"

    def operations_in_progress(self, name: str) -> tuple[Operation, ...]:
        if not self._others:
            return ()
        self._others -= 1
        return (_operation("theirs", "RUNNING"),)

    def operation(self, name: str, operation_id: str) -> Operation:
        status, self._results = next(self._looks)
        return _operation(operation_id, status)

    def results(self, name: str, operation_id: str) -> tuple[InstanceResult, ...]:
        return self._results

    def names(self) -> tuple[str, ...]:
        raise NotImplementedError

    def describe(self, name: str) -> StackSetState | None:
        raise NotImplementedError

    def create(self, definition: StackSetDefinition) -> str:
        raise NotImplementedError

    def update(self, definition: StackSetDefinition, *, only: InstanceOperation | None) -> str:
        raise NotImplementedError

    def operate(self, name: str, operation: InstanceOperation) -> str:
        raise NotImplementedError

    def delete(self, name: str) -> None:
        raise NotImplementedError


def _run(script: Script) -> tuple[list[Event], list[float], OperationRunner]:
    events: list[Event] = []
    slept: list[float] = []
    runner = OperationRunner(script, report=events.append, sleep=slept.append)
    runner.run("s", script.start, action="CREATE", instances=2)
    return events, slept, runner


def test_an_operation_of_someone_else_is_told_once_and_waited_for() -> None:
    events, slept, _ = _run(Script(others=3, looks=[("SUCCEEDED", ())]))
    assert [type(event) for event in events] == [OperationWaitedFor, OperationStarted, OperationProgress]
    assert len(slept) >= 3


def test_each_instance_is_told_when_it_changes_and_the_last_result_is_kept() -> None:
    looks = [
        ("RUNNING", (_result("1", "PENDING"), _result("2", "RUNNING"))),
        ("RUNNING", (_result("1", "PENDING"), _result("2", "FAILED"))),
        ("SUCCEEDED", (_result("1", "SUCCEEDED"), _result("2", "FAILED"))),
    ]
    events, _, runner = _run(Script(others=0, looks=looks))
    changed = [[one.status for one in event.changed] for event in events if isinstance(event, OperationProgress)]
    assert changed == [["PENDING", "RUNNING"], ["FAILED"], ["SUCCEEDED"]]
    assert {key.account: result.status for key, result in runner.results["s"].items()} == {
        "1": "SUCCEEDED",
        "2": "FAILED",
    }


def test_looks_get_rarer_up_to_ten_seconds() -> None:
    _, slept, _ = _run(Script(others=0, looks=[*[("RUNNING", ())] * 30, ("SUCCEEDED", ())]))
    assert slept[0] < 0.1
    assert slept == sorted(slept)
    assert 9 < slept[-1] < 11
