"""The globs of one list: which of them match all that another glob matches.

Time grows with the length of the list. Comparisons that need too long are given up, unless `complete`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache

from deployer.settings.glob_index import GlobIndex
from deployer.settings.glob_sets import Budget, arn_is_covered, name_is_covered

MOST_STATES = 200_000
"""Pairs of states for all comparisons with one list, and four more for each character compared."""


class GlobList:
    """A list of globs for names or ARNs."""

    def __init__(self, patterns: Sequence[str], *, are_arns: bool = False, complete: bool = False) -> None:
        self.patterns = patterns
        self._is_complete = complete
        self.first = {pattern: index for index, pattern in reversed(list(enumerate(patterns)))}
        """The first index of each glob."""
        self._distinct = tuple(dict.fromkeys(patterns))
        self._index = GlobIndex(self._distinct, are_arns=are_arns)
        self._is_covered: Callable[[str, str, Budget], bool] = arn_is_covered if are_arns else name_is_covered
        self._budget = Budget(MOST_STATES)
        self._by_pattern: dict[str, tuple[str, ...]] = {}

    @cached_property
    def redundant(self) -> tuple[tuple[int, str], ...]:
        """The index of each glob that another covers, and the other; of equivalent ones, the later."""
        found = ((index, self._covering_another(pattern, index)) for index, pattern in enumerate(self.patterns))
        return tuple((index, other) for index, other in found if other is not None)

    def _covering_another(self, pattern: str, index: int) -> str | None:
        for other in self._candidates(pattern):
            is_earlier = self.first[other] < index
            if other == pattern and is_earlier:
                return other
            if other != pattern and self._covers(other, pattern) and (is_earlier or not self._covers(pattern, other)):
                return other
        return None

    def covering(self, pattern: str, *, before: int | None = None) -> str | None:
        """The first glob, of those before an index, that matches all that a pattern matches."""
        return next((one for one in self.all_covering(pattern) if before is None or self.first[one] < before), None)

    def all_covering(self, pattern: str) -> Iterator[str]:
        """The globs that match all that a pattern matches."""
        return (other for other in self._candidates(pattern) if self._covers(other, pattern))

    def overlap(self, pattern: str) -> bool:
        """Whether some name matches both a glob of the list and a pattern."""
        return self._index.overlaps(pattern)

    def _candidates(self, pattern: str) -> tuple[str, ...]:
        if pattern not in self._by_pattern:
            self._budget.states += 4 * len(pattern)
            found = self._index.candidates(pattern)
            if found is None:
                self._by_pattern[pattern] = self._distinct if self._is_complete else ()
            else:
                self._by_pattern[pattern] = tuple(self._distinct[index] for index in found)
        return self._by_pattern[pattern]

    def _covers(self, wide: str, narrow: str) -> bool:
        return wide == narrow or self._is_covered(wide, narrow, Budget() if self._is_complete else self._budget)


@lru_cache(maxsize=64)
def name_globs(patterns: tuple[str, ...]) -> GlobList:
    """Globs over names; the same list is indexed once."""
    return GlobList(patterns)


@lru_cache(maxsize=64)
def arn_globs(patterns: tuple[str, ...]) -> GlobList:
    """Globs over ARNs; the same list is indexed once."""
    return GlobList(patterns, are_arns=True)
