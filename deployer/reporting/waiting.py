"""Times from event to repository: a histogram and percentiles, counted while records are read. Pure.

Percentiles are exact to 1 %: times are counted in logarithmic bins, so that memory does not grow with the records.
CloudTrail reports event times in whole seconds, so a time is up to one second too long.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

EDGES = (1, 2, 3, 5, 10, 20, 30, 60, 300)
"""Seconds at which the histogram's bars begin and end; the first begins at 0, the last has no end."""

FEWEST = 20
"""Values below which no percentile is given: of fewer, the 95th is the longest, and one value changes the median."""

_TO = "\N{EN DASH}"
_SHORTEST = 0.01
_GROWTH = math.log(1.02)


@dataclass(slots=True)
class Waiting:
    """Times in seconds."""

    count: int = 0
    longest: float = 0.0
    bars: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    _bins: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Count one time; a negative one, caused by clocks that differ, counts as 0."""
        seconds = max(seconds, 0.0)
        self.count += 1
        self.longest = max(self.longest, seconds)
        self.bars[bisect_right(EDGES, seconds)] += 1
        self._bins[math.ceil(math.log(max(seconds, _SHORTEST) / _SHORTEST) / _GROWTH)] += 1

    def percentile(self, percent: float) -> float | None:
        """The time that this percentage of repositories did not exceed; None for fewer than 20 repositories."""
        if self.count < FEWEST:
            return None
        rank = math.ceil(self.count * percent / 100)
        seen = 0
        for number, count in sorted(self._bins.items()):
            seen += count
            if seen >= rank:
                middle = _SHORTEST * math.exp(_GROWTH * (number - 0.5)) if number else 0.0
                return min(middle, self.longest)
        return None


def bar_labels() -> tuple[str, ...]:
    """The range of times of each bar of the histogram."""
    return (f"< {_duration(EDGES[0])}", *(_between(*edges) for edges in pairwise(EDGES)), f"> {_duration(EDGES[-1])}")


def _between(low: int, high: int) -> str:
    number, unit = _duration(high).split()
    return f"{low // 60 if unit == 'min' else low}{_TO}{number} {unit}"


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds <= 60 else f"{seconds // 60} min"
