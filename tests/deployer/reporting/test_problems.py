from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deployer.reporting.problems import Problems
from handler.records import Record
from tests.deployer.reporting.samples import UNTIL, record


def attempts(*minutes: float, **changes: Any) -> list[Record]:
    """Refusals of one repository this many minutes ago."""
    values: dict[str, Any] = {"outcome": "refused", "reason": "name-denied", "repository": "team-a/tmp"} | changes
    return [record(**values | {"event_time": UNTIL - timedelta(minutes=ago), "event_id": f"{ago}"}) for ago in minutes]


def problems(*records: Record, capacity: int = 100) -> Problems:
    found = Problems(capacity=capacity)
    for one in sorted(records, key=lambda one: one.at, reverse=True):
        found.add(one)
    return found


@pytest.mark.parametrize(
    ("records", "tries"),
    [
        pytest.param(attempts(1, 60, 120), [3], id="three attempts are repeated"),
        pytest.param(attempts(1, 60), [], id="two attempts are not repeated"),
        pytest.param(attempts(1, 1.1, 1.2, 1.3, 1.4), [], id="the layers of one push are one attempt"),
        pytest.param(attempts(1, 1.1, 60, 60.1, 120, 120.1), [3], id="the layers of each push are one attempt"),
        pytest.param(
            attempts(1, 60, 120) + attempts(2, 61, 121, repository="b"),
            [3, 3],
            id="repositories are counted separately",
        ),
        pytest.param(attempts(1, 60) + attempts(2, reason="limit-reached"), [], id="reasons are counted separately"),
        pytest.param(attempts(1, 60) + attempts(2, region="us-east-1"), [], id="regions are counted separately"),
    ],
)
def test_which_refusals_count_as_repeated(records: list[Record], tries: list[int]) -> None:
    assert [one.count for one in problems(*records).repeats()] == tries


def test_a_repeated_refusal_has_its_first_time_and_its_last_caller() -> None:
    records = [*attempts(1, principal="newest"), *attempts(60, 120, principal="older")]
    (one,) = problems(*records).repeats()
    assert (one.first, one.last) == (UNTIL - timedelta(minutes=120), UNTIL - timedelta(minutes=1))
    assert one.principal == "newest"


FAILED: dict[str, Any] = {"outcome": "failed", "reason": "kms-failed", "event_id": "one"}


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        pytest.param([record(**FAILED)], [1], id="a failure"),
        pytest.param([record(**FAILED), record(event_id="one")], [], id="resolved by a redrive"),
        pytest.param([record(**FAILED), record(event_id="two")], [1], id="not resolved by another event"),
        pytest.param(
            [record(**FAILED), record(**FAILED, request_id="again")], [1], id="each attempt of one event counts once"
        ),
        pytest.param([record(**FAILED), record(**FAILED | {"event_id": "two"})], [2], id="one cause, two events"),
        pytest.param([record(**FAILED), *attempts(500, **FAILED | {"region": "us-east-1"})], [1, 1], id="two causes"),
    ],
)
def test_which_failures_are_unresolved(records: list[Record], counts: list[int]) -> None:
    assert [one.count for one in problems(*records).failures()] == counts


def test_many_refusals_do_not_fill_the_memory() -> None:
    storm = [one for number in range(200) for one in attempts(number, repository=f"once-{number}")]
    stubborn = [one for number in range(0, 200, 3) for one in attempts(number + 0.5, repository="stubborn")]
    found = problems(*storm, *stubborn, capacity=20)
    assert [one.key.repository for one in found.repeats()] == ["stubborn"]
    assert not found.is_exact
    assert len(found._refused) <= 40


def test_violations_are_counted_by_cause() -> None:
    violation: dict[str, Any] = {"outcome": "violation", "reason": "name-denied", "engine": "native"}
    records = [record(**violation, event_id=str(number), repository=f"x/{number}") for number in range(3)]
    found = problems(*records, record(**violation | {"reason": "limit-reached"}, event_id="other"))
    assert [(one.count, one.key.reason) for one in found.violations()] == [(3, "name-denied"), (1, "limit-reached")]
    assert found.failures() == []
