"""Sums of images: no order and no split into pages changes them, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from deployer.usage.images import ImageData, ImageSummary, summary_of, summed
from tests.deployer.drift.examples import NOW

TIMES = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 29), timezones=st.just(UTC))  # noqa: DTZ001
IMAGES = st.lists(
    st.builds(
        ImageData,
        size=st.integers(0, 10**12),
        pushed_at=TIMES,
        pulled_at=TIMES,
        activated_at=TIMES,
        is_archived=st.booleans(),
    ),
    max_size=12,
)


@given(IMAGES, st.data())
def test_neither_order_nor_pages_change_a_sum(images: list[ImageData], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(images))
    size = data.draw(st.integers(1, 5))
    pages = [shuffled[start : start + size] for start in range(0, len(shuffled), size)]
    assert summed(summary_of(page) for page in pages) == summary_of(images)


@given(IMAGES)
def test_a_sum_counts_every_image_once_and_has_the_outermost_times(images: list[ImageData]) -> None:
    found = summary_of(images)
    pushes = [one.pushed_at for one in images if one.pushed_at]
    assert (found.total, found.size + found.archived_size) == (len(images), sum(one.size for one in images))
    assert found.archived == sum(one.is_archived for one in images)
    assert (found.first_push, found.last_push) == (min(pushes, default=None), max(pushes, default=None))
    assert found.last_pull == max((one.pulled_at for one in images if one.pulled_at), default=None)


def test_an_archived_image_is_counted_separately() -> None:
    found = summary_of([ImageData(size=3, pushed_at=NOW), ImageData(size=4, is_archived=True)])
    assert found == ImageSummary(
        images=1, size=3, archived=1, archived_size=4, first_push=NOW, last_push=NOW, pullable_since=NOW
    )
