"""Operations wait for others, are followed to their end, and report each instance once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import BusyError
from deployer.rollout.execution import roll_out
from deployer.rollout.operation_ids import author, operation_id
from deployer.rollout.operations import Finished, IfBusy, OperationRunner
from deployer.rollout.progress import (
    Event,
    OperationAttached,
    OperationProgress,
    OperationStarted,
    OperationWaitedFor,
    count_results,
)
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import (
    InstanceCounts,
    InstanceKey,
    InstanceOperation,
    InstanceResult,
    Operation,
    ResultStatus,
    StackSetDefinition,
    StackSetState,
)
from tests.clocks import timeless
from tests.deployer.examples import SHOP_PROD, example_deployment, plan
from tests.deployer.rollout.fake_cloud import FakeCloud


def _operation(id_: str, status: str) -> Operation:
    return Operation(id=id_, action="CREATE", status=status)  # type: ignore[arg-type]


def _result(account: str, status: str) -> InstanceResult:
    return InstanceResult(account=account, region="x", status=status)  # type: ignore[arg-type]


class Script:
    """A StackSet with a scripted operation: each read returns the next line."""

    def __init__(
        self, *, others: int, looks: Sequence[tuple[str, tuple[InstanceResult, ...]]], counts: bool = False
    ) -> None:
        self._counts = counts
        self.deleted: list[str] = []
        self.listed: list[ResultStatus | None] = []
        """The filter of each listing of results."""
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
        counts = count_results(self._results) if self._counts else None
        return replace(_operation(operation_id, status), counts=counts)

    def results(
        self, name: str, operation_id: str, *, status: ResultStatus | None = None
    ) -> tuple[InstanceResult, ...]:
        self.listed.append(status)
        return tuple(one for one in self._results if status in {None, one.status})

    def names(self) -> tuple[str, ...]:
        raise NotImplementedError

    def describe(self, name: str) -> StackSetState | None:
        raise NotImplementedError

    def recall(self, name: str) -> StackSetState | None:
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
        self.start()
        self.deleted.append(name)


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


def test_an_operation_of_someone_else_can_be_followed_like_our_own() -> None:
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


def test_an_operation_of_someone_else_can_stop_the_roll_out() -> None:
    with pytest.raises(
        BusyError, match=r"CREATE theirs, RUNNING, not started by deployer .*; \d+ of \d+ instances? finished"
    ):
        _run(Script(others=1, looks=[]), "give-up")


def test_a_deletion_waits_for_the_operation_that_it_names() -> None:
    script = Script(others=2, looks=[])
    events: list[Event] = []
    OperationRunner(script, report=events.append, clock=timeless()).delete("s")
    assert script.deleted == ["s"]
    assert [(type(event), event.operation.id) for event in events if isinstance(event, OperationWaitedFor)] == [
        (OperationWaitedFor, "theirs")
    ]


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
    assert {event.planned for event in events if isinstance(event, OperationProgress)} == {2}
    assert {key.account: result.status for key, result in runner.results["s"].items()} == {
        "1": "SUCCEEDED",
        "2": "FAILED",
    }


def test_the_polling_interval_grows_to_ten_seconds() -> None:
    _, slept, _ = _run(Script(others=0, looks=[*[("RUNNING", ())] * 30, ("SUCCEEDED", ())]))
    assert slept[0] < 0.1
    assert slept == sorted(slept)
    assert 9 < slept[-1] < 11


def test_with_counts_of_aws_results_are_listed_only_for_new_failures_and_cancellations() -> None:
    running, done = _result("1", "RUNNING"), _result("1", "SUCCEEDED")
    failed, pending, cancelled = _result("2", "FAILED"), _result("3", "PENDING"), _result("3", "CANCELLED")
    looks = [
        *[("RUNNING", (running, pending))] * 3,
        *[("RUNNING", (done, failed, pending))] * 3,
        ("FAILED", (done, failed, cancelled)),
    ]
    script = Script(others=0, looks=looks, counts=True)
    events, _, runner = _run(script)
    assert script.listed == ["FAILED", "CANCELLED"]
    assert set(runner.results["s"].values()) == {failed, cancelled}
    progress = [event for event in events if isinstance(event, OperationProgress)]
    assert [one.changed for one in progress] == [(), (), (), (failed,), (), (), (cancelled,)]
    assert [(one.completed_before, one.counts.completed) for one in progress][-2:] == [(2, 2), (2, 3)]


def test_all_results_are_listed_if_the_counts_are_incomplete_at_the_end() -> None:
    done = _result("1", "SUCCEEDED")
    script = Script(others=0, looks=[("SUCCEEDED", (done, _result("2", "RUNNING")))], counts=True)
    _, _, runner = _run(script)
    assert script.listed == [None]
    assert done in runner.results["s"].values()


@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from(["SUCCEEDED", "FAILED", "CANCELLED"]), max_size=10),
    st.sets(st.integers(0, 9)),
)
def test_counts_give_the_same_successes_as_results(statuses: dict[int, str], others: set[int]) -> None:
    """If every intended instance has a result, and no other instance succeeded."""
    results = {number: _result(str(number), status) for number, status in statuses.items()}
    listed = {one.key: one for one in results.values()}
    intended = frozenset(listed) - {InstanceKey(str(one), "x") for one in others if statuses.get(one) != "SUCCEEDED"}
    operation = _operation("ours", "FAILED")
    all_ = Finished(operation, listed)
    unsuccessful = {key: one for key, one in listed.items() if one.status != "SUCCEEDED"}
    counted = Finished(replace(operation, counts=count_results(listed.values())), unsuccessful)
    assert counted.succeeded(intended) == all_.succeeded(intended)
    assert counted.counts == all_.counts


def test_successes_of_other_instances_are_not_counted() -> None:
    counts = InstanceCounts(total=5, completed=5, succeeded=4, failed=1)
    failed = _result("1", "FAILED")
    ended = Finished(replace(_operation("ours", "SUCCEEDED"), counts=counts), {failed.key: failed})
    assert ended.succeeded(frozenset({failed.key, InstanceKey("2", "x")})) == 1


def test_a_roll_out_has_the_same_result_with_and_without_counts() -> None:
    deployment = example_deployment()
    stuck = InstanceKey(SHOP_PROD, "us-east-1")

    def result(*, counts: bool) -> RolloutResult:
        cloud = FakeCloud(deployment.desired.organization)
        cloud.stack_sets.counts = counts
        cloud.stack_sets.stuck = {stuck}
        return roll_out(plan(deployment, cloud), deployment.bundle, cloud.cloud, lambda _: None)

    counted, listed = result(counts=True), result(counts=False)
    assert counted == listed
    assert counted.created > 0
    assert {(one.account, one.region) for one in counted.failures} == {stuck}
