from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reporting.periods import Unit, buckets_of

NOON = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)
TIMES = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("length", "unit", "number", "first"),
    [
        pytest.param(timedelta(hours=6), "hour", 7, "2026-11-23 06:00", id="hours begin on the hour"),
        pytest.param(timedelta(days=7), "day", 8, "Mon 2026-11-16", id="days begin at midnight, UTC"),
        pytest.param(timedelta(days=365), "week", 54, "week of 2025-11-17", id="weeks begin on Monday"),
        pytest.param(timedelta(days=1000), "month", 34, "February 2024", id="months begin on the first"),
    ],
)
def test_buckets_are_few_and_start_at_round_times(length: timedelta, unit: Unit, number: int, first: str) -> None:
    buckets = buckets_of(NOON - length, NOON)
    assert (buckets.unit, len(buckets.starts), buckets.label(0)) == (unit, number, first)


@given(one=TIMES, other=TIMES)
def test_every_time_has_its_bucket_and_charts_stay_readable(one: datetime, other: datetime) -> None:
    since, until = min(one, other), max(one, other) + timedelta(seconds=1)
    buckets = buckets_of(since, until)
    assert len(buckets.starts) <= 130
    assert buckets.starts[0] <= since
    for time in (since, until - timedelta(microseconds=1)):
        index = buckets.index(time)
        assert buckets.starts[index] <= time
        assert index + 1 == len(buckets.starts) or time < buckets.starts[index + 1]
    assert len({buckets.label(index) for index in range(len(buckets.starts))}) == len(buckets.starts)
