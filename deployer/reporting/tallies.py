"""Counts by outcome: in total, over time and by key. Memory does not grow with the number of records. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from handler.reasons import Outcome

OUTCOMES: tuple[Outcome, ...] = (
    "created", "refused", "failed", "violation", "adopted", "released", "observed", "exists", "ignored",
)  # fmt: skip
"""In display order."""

T = TypeVar("T")

_POSITIONS = {outcome: position for position, outcome in enumerate(OUTCOMES)}

CAPACITY = 4096
"""The least number of keys that are kept; twice as many is the most."""


@dataclass(slots=True)
class Tally:
    """Counts by outcome, and the total by bucket of time."""

    counts: array[int]
    buckets: array[int]
    label: str = ""

    @classmethod
    def empty(cls, buckets: int) -> Tally:
        return cls(array("L", [0] * len(OUTCOMES)), array("L", [0] * buckets))

    @property
    def total(self) -> int:
        return sum(self.counts)

    def __getitem__(self, outcome: Outcome) -> int:
        return self.counts[_POSITIONS[outcome]]

    def add(self, outcome: Outcome, bucket: int) -> None:
        """Count one record."""
        self.counts[_POSITIONS[outcome]] += 1
        self.buckets[bucket] += 1

    def add_all(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for position, count in enumerate(other.counts):
            self.counts[position] += count
        for position, count in enumerate(other.buckets):
            self.buckets[position] += count


@dataclass(slots=True)
class Series:
    """Counts by bucket of time for each outcome."""

    counts: dict[Outcome, array[int]]

    @classmethod
    def empty(cls, buckets: int) -> Series:
        return cls({outcome: array("L", [0] * buckets) for outcome in OUTCOMES})

    def add(self, outcome: Outcome, bucket: int) -> None:
        """Count one record."""
        self.counts[outcome][bucket] += 1


@dataclass(slots=True)
class Breakdown:
    """A tally for each key.

    Beyond twice `capacity` keys, those with the smallest counts are merged into `others`: sums and the counts of
    frequent keys stay exact; a rare key may lose earlier counts.
    """

    buckets: int
    capacity: int = CAPACITY
    tallies: dict[str, Tally] = field(default_factory=dict)
    others: Tally = field(init=False)
    is_exact: bool = True

    def __post_init__(self) -> None:
        self.others = Tally.empty(self.buckets)

    def add(self, key: str, outcome: Outcome, bucket: int, *, label: str = "") -> None:
        """Count one record under a key; `label` is its display name, of which the first is kept."""
        tally = self.tallies.get(key)
        if tally is None:
            if len(self.tallies) >= 2 * self.capacity:
                self._shrink()
            tally = self.tallies[key] = Tally.empty(self.buckets)
        tally.label = tally.label or label
        tally.add(outcome, bucket)

    def _shrink(self) -> None:
        kept, dropped = halved(self.tallies, by=lambda tally: tally.total)
        for tally in dropped.values():
            self.others.add_all(tally)
        self.tallies = kept
        self.is_exact = False

    def top(self, size: int) -> tuple[list[tuple[str, Tally]], Tally, int]:
        """The largest, a tally of all others, and the number of others that are still counted separately."""
        ranked = sorted(self.tallies.items(), key=lambda item: (-item[1].total, item[0]))
        rest = Tally.empty(self.buckets)
        rest.add_all(self.others)
        for _, tally in ranked[size:]:
            rest.add_all(tally)
        return ranked[:size], rest, len(ranked[size:])


def halved(values: dict[str, T], *, by: Callable[[T], int]) -> tuple[dict[str, T], dict[str, T]]:
    """The larger half of the values, in insertion order, and the smaller half."""
    ranked = sorted(values, key=lambda key: by(values[key]), reverse=True)
    large = frozenset(ranked[: len(ranked) // 2])
    return (
        {key: value for key, value in values.items() if key in large},
        {key: value for key, value in values.items() if key not in large},
    )
