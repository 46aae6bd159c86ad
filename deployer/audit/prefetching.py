"""Prefetches index keys in parallel: for filters that few records pass.

Each index key is read by a thread of its own into a short queue of pages, so memory is bounded, and a hundred
pages without a match are not read one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event
from typing import Generic, TypeVar

Item = TypeVar("Item")
Pages = Iterable[Sequence[Item]]

MOST_KEYS = 32
"""Index keys of one group, all of which are read in parallel."""

_LEAST_THREADS = 8
_PAGES = 2
_CHECK_SECONDS = 0.1
"""Seconds until a waiting thread checks whether its pages are still needed."""


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


@dataclass(frozen=True, slots=True)
class _Done:
    """No further page."""


@dataclass(frozen=True)
class PrefetchingReader(Generic[Item]):
    """Reads groups of index keys; `start` gives the pages of one key.

    Threads start in the order of the groups, and there are as many as the largest group has keys: so all of a
    group are being read before any of the next, and merging a group never waits for one that has no thread.
    """

    groups: Sequence[Sequence[Callable[[], Pages[Item]]]]
    stopped: Event = field(default_factory=Event)

    def streams(self) -> Generator[list[Iterator[Item]], None, None]:
        """The items of each index key, group by group. A caller that stops early closes this iterator."""
        threads = max([_LEAST_THREADS, *(len(group) for group in self.groups)])
        pool = ThreadPoolExecutor(threads, thread_name_prefix="ledger")
        try:
            yield from [[self._stream(pool, start) for start in group] for group in self.groups]
        finally:
            self.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _stream(self, pool: ThreadPoolExecutor, start: Callable[[], Pages[Item]]) -> Iterator[Item]:
        pages: Queue[Sequence[Item] | _Failed | _Done] = Queue(maxsize=_PAGES)
        pool.submit(self._fill, pages, start)
        return self._items(pages)

    def _fill(self, pages: Queue[Sequence[Item] | _Failed | _Done], start: Callable[[], Pages[Item]]) -> None:
        try:
            for page in start():
                if self.stopped.is_set():
                    return
                if page:
                    self._put(pages, page)
            self._put(pages, _Done())
        except BaseException as error:  # noqa: BLE001 - it is raised to the consumer of the items
            self._put(pages, _Failed(error))

    def _put(self, pages: Queue[Sequence[Item] | _Failed | _Done], page: Sequence[Item] | _Failed | _Done) -> None:
        while not self.stopped.is_set():
            with suppress(Full):
                pages.put(page, timeout=_CHECK_SECONDS)
                return

    def _items(self, pages: Queue[Sequence[Item] | _Failed | _Done]) -> Iterator[Item]:
        while not self.stopped.is_set():
            try:
                page = pages.get(timeout=_CHECK_SECONDS)
            except Empty:
                continue
            match page:
                case _Done():
                    return
                case _Failed(error):
                    raise error
                case _:
                    yield from page
