"""Operations wait for others, are followed to their end, and report each instance once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from deployer.errors import BusyError
from deployer.rollout.operation_ids import author, operation_id
from deployer.rollout.operations import IfBusy, OperationRunner
from deployer.rollout.progress import Event, OperationAttached, OperationProgress, OperationStarted, OperationWaitedFor
from deployer.stack_sets import (
    InstanceOperation,
    InstanceResult,
    Operation,
    StackSetDefinition,
    StackSetState,
)
from tests.clocks import timeless


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
            raise BusyError("another operation is in progress")
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

    def refresh(self, definition: StackSetDefinition, operation: InstanceOperation) -> str:
        raise NotImplementedError

    def operate(self, name: str, operation: InstanceOperation) -> str:
        raise NotImplementedError

    def delete(self, name: str) -> None:
        raise NotImplementedError


def _run(script: Script, if_busy: IfBusy = "wait") -> tuple[list[Event], list[float], OperationRunner]:
    events: list[Event] = []
    slept: list[float] = []
    runner = OperationRunner(script, report=events.append, clock=timeless(slept.append), if_busy=if_busy)
    runner.run("s", script.start, action="CREATE", instances=2)
    return events, slept, runner


def test_an_operation_of_someone_else_is_reported_once_and_waited_for() -> None:
    events, slept, _ = _run(Script(others=3, looks=[("SUCCEEDED", ())]))
    assert [type(event) for event in events] == [OperationWaitedFor, OperationStarted, OperationProgress]
    assert len(slept) >= 3


def test_an_operation_of_someone_else_can_be_followed_like_ours() -> None:
    theirs = [("RUNNING", (_result("1", "RUNNING"),)), ("FAILED", (_result("1", "FAILED"),))]
    events, _, runner = _run(Script(others=1, looks=[*theirs, ("SUCCEEDED", ())]), "attach")
    assert [type(event) for event in events] == [
        OperationAttached,
        OperationProgress,
        OperationProgress,
        OperationStarted,
        OperationProgress,
    ]
    assert [result.status for result in runner.results["s"].values()] == ["FAILED"]


def test_an_operation_of_someone_else_can_be_a_reason_to_give_up() -> None:
    with pytest.raises(
        BusyError, match=r"CREATE theirs, RUNNING, not started by deployer .*; \d+ of \d+ instances? finished"
    ):
        _run(Script(others=1, looks=[]), "give-up")


def test_ids_of_operations_name_who_started_them() -> None:
    at = datetime(2026, 11, 23, 9, 15, tzinfo=UTC)
    id_ = operation_id("arn:aws:sts::1:assumed-role/Admin/alice@example.com", at=at, unique="3f9a01bc")
    assert id_ == "deployer-alice-example-com-20261123T091500Z-3f9a01bc"
    assert author(id_) == "alice-example-com"
    assert author("6f1c8a52-3c5e-4a4e-8d57-0c1f2e3d4b5a") is None
    assert len(operation_id("arn:aws:iam::1:user/" + "x" * 200, at=at, unique="3f9a01bc")) <= 128


def test_each_instance_is_reported_when_it_changes_and_the_last_result_is_kept() -> None:
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
