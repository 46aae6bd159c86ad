"""Records that match a query, one after the other: by key or index, page by page, never more than a page of each
key in memory. Pure: the pages come from a `Ledger`, which `deployer.aws.ledger` implements.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import merge
from itertools import chain
from threading import Lock
from typing import Protocol

from deployer.audit.index_keys import IndexKey, index_keys_of
from deployer.audit.prefetching import MOST_KEYS, PrefetchingReader
from deployer.audit.query import OTHERS, Query
from handler.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One call's result: the records that passed the filters, the number examined, and the start of the next page."""

    records: tuple[Record, ...]
    examined: int = 0
    capacity: float = 0.0
    next: object = None


_GROWTH = 4
_LARGE = 1000
"""About as many records as make 1 MB."""


class Ledger(Protocol):
    """The ledger, a page at a time."""

    def page(self, index_key: IndexKey, query: Query, *, start: object = None, size: int | None = None) -> Page:
        """A page of one key in the query's time and order; `start` is the last page's `next`.

        It may omit records that do not match, and need not. `size` limits how many are examined.
        """
        ...


@dataclass(slots=True)
class Usage:
    """The capacity that reading has used so far."""

    calls: int = 0
    examined: int = 0
    capacity: float = 0.0
    is_cut: bool = False
    """Whether `most_examined` ended the reading before the last page."""

    def add(self, page: Page) -> None:
        """Count one call."""
        self.calls += 1
        self.examined += page.examined
        self.capacity += page.capacity

    def merge(self, other: Usage) -> None:
        """Add another count."""
        self.calls += other.calls
        self.examined += other.examined
        self.capacity += other.capacity
        self.is_cut |= other.is_cut


def read(
    query: Query,
    ledger: Ledger,
    *,
    usage: Usage | None = None,
    page_size: int | None = None,
    most_examined: int | None = None,
) -> Iterator[Record]:
    """Records that match, the newest first unless the query specifies otherwise; read as they are consumed.

    `usage` is kept up to date. `page_size` is for a reader of few records, or of the first of them soon: otherwise a
    page may be as large as 1 MB. After `most_examined` records, matching or not, no further page is read.
    """
    reader = _Reader(query, ledger, usage if usage is not None else Usage(), page_size, most_examined)
    with closing(reader.streams()) as groups:
        for each in groups:
            yield from merge(*each, key=lambda record: record.at, reverse=not query.oldest_first)


@dataclass(frozen=True, slots=True)
class _Reader:
    query: Query
    ledger: Ledger
    usage: Usage
    page_size: int | None
    most_examined: int | None
    lock: Lock = field(default_factory=Lock)

    def streams(self) -> Generator[list[Iterator[Record]], None, None]:
        """Matches of each key, group by group; in parallel if much may have to be read for few."""
        groups = list(index_keys_of(self.query))
        if self.query.is_selective and self.most_examined is None and all(len(group) <= MOST_KEYS for group in groups):
            yield from PrefetchingReader([[partial(self.pages, key) for key in group] for group in groups]).streams()
        else:
            for group in groups:
                yield [chain.from_iterable(self.pages(index_key)) for index_key in group]

    def pages(self, index_key: IndexKey) -> Iterator[list[Record]]:
        """Matches in each page of one key."""
        start: object = None
        size = self.page_size
        while self.most_examined is None or self.usage.examined < self.most_examined:
            page = self.ledger.page(index_key, self.query, start=start, size=size)
            with self.lock:
                self.usage.add(page)
            yield [record for record in page.records if self.query.matches(record)]
            start = page.next
            size = self._next_size(size)
            if start is None:
                return
        self.usage.is_cut = True

    def _next_size(self, size: int | None) -> int | None:
        """Pages grow if few records may match: the first row comes soon, and the rest in as few calls as possible."""
        if size is None or not self.query.is_selective or self.most_examined is not None:
            return size
        return size * _GROWTH if size * _GROWTH < _LARGE else None


MOST_COUNTED = 1000
"""Records that `count_omitted` examines at most."""
_COUNTED_PAGE = 250


@dataclass(frozen=True, slots=True)
class OmittedCount:
    """`number` of `exists` and `ignored` records; at least as many if `is_exact` is False."""

    number: int
    is_exact: bool


def count_omitted(query: Query, ledger: Ledger, *, oldest_shown: Record | None, usage: Usage) -> OmittedCount:
    """Count what matches except for its outcome, back to the oldest record that is shown."""
    since = oldest_shown.event_time if oldest_shown else query.since
    own = Usage()
    others = read(
        replace(query, outcomes=OTHERS, since=since),
        ledger,
        usage=own,
        page_size=_COUNTED_PAGE,
        most_examined=MOST_COUNTED,
    )
    number = sum(1 for _ in others)
    usage.merge(own)
    return OmittedCount(number, is_exact=not own.is_cut)
