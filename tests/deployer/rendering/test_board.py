"""The lines of the live view: what they show, and that they fit any size."""

from __future__ import annotations

import pytest

from deployer.rendering.board import Board
from deployer.rollout.progress import (
    Event,
    OperationProgress,
    OperationStarted,
    OperationWaitedFor,
    StepEnded,
    StepStarted,
)
from deployer.stack_sets import InstanceCounts, InstanceResult, Operation
from tests.example_organization import EXAMPLE

REGIONS = ("eu-west-1", "us-east-1", "eu-central-1")
SEARCH_PROD = "300000000002"


def _result(account: str, region: str, status: str, reason: str = "") -> InstanceResult:
    return InstanceResult(account=account, region=region, status=status, reason=reason)  # type: ignore[arg-type]


def _progress(stack_set: str, *results: InstanceResult) -> OperationProgress:
    operation = Operation(id="o", action="CREATE", status="RUNNING")
    return OperationProgress(stack_set=stack_set, operation=operation, results=results, changed=results)


def _shown(*events: Event, width: int = 79, height: int = 23, elapsed: float = 3725) -> list[str]:
    board = Board(EXAMPLE)
    for event in events:
        board.apply(event)
    return [line.text for line in board.lines(width=width, height=height, elapsed=elapsed)]


def test_the_view_has_the_step_the_time_a_bar_for_each_region_and_the_last_failures() -> None:
    failed = _result(SEARCH_PROD, "us-east-1", "FAILED", "Quota reached")
    shown = _shown(
        StepStarted(step="wave 1 of 2: Workloads"),
        StepStarted(step="StackSet deployer-forwarding"),
        OperationStarted(stack_set="deployer-forwarding", operation_id="o", action="CREATE", instances=3),
        _progress(
            "deployer-forwarding",
            _result(SEARCH_PROD, "eu-west-1", "SUCCEEDED"),
            _result("300000000001", "eu-west-1", "RUNNING"),
            failed,
        ),
    )
    assert shown[0].startswith("wave 1 of 2: Workloads > StackSet deployer-forwarding ")
    assert shown[0].endswith("1:02:05")
    assert shown[1] == "  operation o"
    assert "eu-west-1" in shown[2]
    assert shown[2].endswith("1/2")
    assert shown[3].endswith("1/1  1 failed")
    assert shown[4:] == ["last of 1 failure", "  search-prod us-east-1: Quota reached"]


def test_a_finished_step_is_replaced_by_the_next() -> None:
    shown = _shown(StepStarted(step="a"), StepEnded(step="a"), StepStarted(step="b"))
    assert shown[0].split() == ["b", "1:02:05"]


def test_dependencies_are_shown_with_their_progress() -> None:
    theirs = Operation(id="theirs", action="UPDATE", status="RUNNING")
    shown = _shown(OperationWaitedFor(stack_set="s", operation=theirs, over=3, total=12))
    assert shown[1] == "  waiting for theirs, 3 of 12 instances"


@pytest.mark.parametrize(("width", "height"), [(79, 23), (79, 6), (60, 10), (40, 6), (200, 60)])
def test_the_view_always_fits(width: int, height: int) -> None:
    accounts = [f"{number:012}" for number in range(40)]
    events = [
        _progress(
            f"deployer-registry-{name}",
            *(_result(one, f"ap-southeast-{n}", "FAILED", "x" * 300) for one in accounts for n in range(9)),
        )
        for name in ("0a1b2c3d", "4e5f6a7b")
    ]
    shown = _shown(StepStarted(step="s" * 200), *events, width=width, height=height)
    assert len(shown) <= height
    assert max(map(len, shown)) <= width


def test_bars_in_progress_are_shown_first() -> None:
    done = [_progress(f"s{n:02}", _result(SEARCH_PROD, "eu-west-1", "SUCCEEDED")) for n in range(30)]
    shown = _shown(*done, _progress("s99", _result(SEARCH_PROD, "eu-west-1", "RUNNING")), height=10)
    assert any(line.startswith("  s99") for line in shown)
    assert shown[-1] == "  and 23 more"


def test_another_operation_adds_to_a_bar_and_never_reduces_it() -> None:
    first = _progress("s", *(_result(account, "eu-west-1", "SUCCEEDED") for account in ("1", "2")))
    second = _progress("s", *(_result(account, "eu-west-1", "PENDING") for account in ("3", "4")))
    assert _shown(first)[-1].split() == ["s", "eu-west-1", "━" * 24, "2/2"]
    assert _shown(first, second)[-1].split() == ["s", "eu-west-1", f"{'━' * 12}{'╌' * 12}", "2/4"]


def test_an_instance_that_failed_and_then_succeeded_counts_once_as_succeeded() -> None:
    again = [_progress("s", _result(SEARCH_PROD, "eu-west-1", status)) for status in ("FAILED", "RUNNING", "SUCCEEDED")]
    assert "0/1" in [line.split()[-1] for line in _shown(*again[:2])]
    assert next(line for line in _shown(*again) if "eu-west-1  ━" in line).endswith("1/1")


def test_bars_follow_the_counts_of_aws_and_grow_with_each_operation() -> None:
    counts = InstanceCounts(total=4, completed=3, succeeded=2, failed=1)
    failed = _result(SEARCH_PROD, "us-east-1", "FAILED", "Quota reached")
    events = [
        OperationProgress(
            stack_set="deployer-forwarding",
            operation=Operation(
                id=id_, action="CREATE", status="RUNNING", counts=counts, regions={"us-east-1": counts}
            ),
            results=(failed,),
            changed=(failed,),
        )
        for id_ in ("one", "one", "two")
    ]
    assert any(line.endswith("3/4  1 failed") for line in _shown(*events[:2]))
    assert any(line.endswith("6/8  2 failed") for line in _shown(*events))
