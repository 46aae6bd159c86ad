"""A caller's limit: a burst, then a steady rate; other callers are not affected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handler.rate_limits import CAPACITY, MAX_CALLERS, PER_SECOND, RateLimits
from handler.requests import MAX_REPOSITORIES

NOW = datetime(2026, 11, 23, 7, 45, 20, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_a_burst_is_allowed_and_then_a_steady_rate() -> None:
    time = Time()
    limits = RateLimits(clock=time)
    assert [limits.take("a", 20) for _ in range(CAPACITY // 20)] == [0] * (CAPACITY // 20)
    assert limits.take("a", 20) == 20 / PER_SECOND
    assert limits.take("b", 20) == 0
    time.now += timedelta(seconds=20 / PER_SECOND)
    assert limits.take("a", 20) == 0
    assert limits.take("a", 1) == 1


def test_the_largest_request_is_allowed_eventually() -> None:
    assert MAX_REPOSITORIES <= CAPACITY


def test_the_number_of_remembered_callers_is_limited() -> None:
    limits = RateLimits(clock=Time())
    assert limits.take("first", CAPACITY) == 0
    for number in range(MAX_CALLERS):
        limits.take(str(number), 1)
    assert limits.take("first", CAPACITY) == 0
    assert len(limits._buckets) == MAX_CALLERS


@given(st.lists(st.tuples(st.integers(1, MAX_REPOSITORIES), st.integers(-5_000, 60_000)), max_size=100))
def test_no_caller_gets_more_than_the_burst_and_the_rate_whatever_the_clock_does(
    takes: list[tuple[int, int]],
) -> None:
    time = Time()
    limits = RateLimits(clock=time)
    taken, passed = 0, 0.0
    for number, milliseconds in takes:
        time.now += timedelta(milliseconds=milliseconds)
        passed += max(0, milliseconds) / 1000
        if limits.take("a", number) == 0:
            taken += number
    assert taken <= CAPACITY + passed * PER_SECOND + 1e-6
