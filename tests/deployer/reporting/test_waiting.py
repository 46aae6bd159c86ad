from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reporting.waiting import EDGES, FEWEST, Waiting, bar_labels


def waiting(*times: float) -> Waiting:
    found = Waiting()
    for time in times:
        found.add(time)
    return found


@given(st.lists(st.floats(0.05, 100_000), min_size=FEWEST, max_size=200), st.sampled_from([1, 50, 90, 99, 100]))
def test_percentiles_are_accurate_to_one_percent(times: list[float], percent: int) -> None:
    exact = sorted(times)[math.ceil(len(times) * percent / 100) - 1]
    assert waiting(*times).percentile(percent) == pytest.approx(exact, rel=0.0101)


@pytest.mark.parametrize(
    ("seconds", "bar"),
    [
        pytest.param(-3, "< 1 s", id="a negative duration counts as zero"),
        pytest.param(0, "< 1 s", id="zero"),
        pytest.param(1, "1\N{EN DASH}2 s", id="a bar includes its lower bound"),
        pytest.param(4.99, "3\N{EN DASH}5 s", id="a bar excludes its upper bound"),
        pytest.param(60, "1\N{EN DASH}5 min", id="minutes"),
        pytest.param(86_400, "> 5 min", id="the last bar has no upper bound"),
    ],
)
def test_each_duration_is_counted_in_its_bar(seconds: float, bar: str) -> None:
    bars = dict(zip(bar_labels(), waiting(seconds).bars, strict=True))
    assert {label for label, count in bars.items() if count} == {bar}


@pytest.mark.parametrize("number", [0, 1, FEWEST - 1])
def test_few_durations_have_no_percentile(number: int) -> None:
    assert waiting(*[1.0] * number).percentile(50) is None


def test_every_range_has_a_bar() -> None:
    assert len(bar_labels()) == len(EDGES) + 1


def test_memory_does_not_grow_with_the_number_of_durations() -> None:
    found = waiting(*(number / 7 for number in range(50_000)))
    assert len(found._bins) < 700
    assert found.count == 50_000
