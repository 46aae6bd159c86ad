from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from deployer.reporting.tallies import OUTCOMES, Breakdown

KEYS = st.lists(st.tuples(st.integers(0, 40).map(str), st.sampled_from(OUTCOMES), st.integers(0, 3)), max_size=300)


@given(KEYS)
def test_sums_are_exact_for_any_number_of_keys(records: list[tuple[str, str, int]]) -> None:
    breakdown = Breakdown(4, capacity=5)
    for key, outcome, bucket in records:
        breakdown.add(key, outcome, bucket)  # type: ignore[arg-type]
        assert len(breakdown.tallies) <= 10
    top, rest, _ = breakdown.top(3)
    assert sum(tally.total for _, tally in top) + rest.total == len(records)
    assert sum(sum(tally.buckets) for _, tally in top) + sum(rest.buckets) == len(records)


@given(KEYS)
def test_few_keys_are_counted_exactly(records: list[tuple[str, str, int]]) -> None:
    breakdown = Breakdown(4)
    for key, outcome, bucket in records:
        breakdown.add(key, outcome, bucket)  # type: ignore[arg-type]
    assert {key: tally.total for key, tally in breakdown.tallies.items()} == Counter(key for key, *_ in records)
    assert breakdown.is_exact


def test_frequent_keys_are_kept_longer_than_rare_ones() -> None:
    breakdown = Breakdown(1, capacity=10)
    for number in range(1000):
        breakdown.add(f"once-{number}", "refused", 0)
        breakdown.add("often", "created", 0)
    (key, tally), *_ = breakdown.top(1)[0]
    assert (key, tally["created"]) == ("often", 1000)
    assert not breakdown.is_exact


def test_a_label_is_kept_and_the_rest_is_counted() -> None:
    breakdown = Breakdown(1)
    for key in "aaabbc":
        breakdown.add(key, "created", 0, label=f"name of {key}")
    top, rest, others = breakdown.top(1)
    assert [(key, tally.label) for key, tally in top] == [("a", "name of a")]
    assert (rest.total, others) == (3, 2)
