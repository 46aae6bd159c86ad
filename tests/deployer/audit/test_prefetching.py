from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

import pytest

from deployer.audit.index_keys import IndexKey
from deployer.audit.prefetching import PrefetchingReader
from deployer.audit.query import NOTABLE, Query
from deployer.audit.reading import Page, Usage, read
from tests.deployer.audit.ledgers import MemoryLedger, everything, record


def pages(*numbers: int) -> Iterator[list[int]]:
    return iter([[number] for number in numbers])


def test_the_items_of_every_partition_are_returned_in_order() -> None:
    groups = [[lambda: pages(1, 2), lambda: pages(3)], [lambda: iter([[], [], [4]])]]
    with closing(PrefetchingReader(groups).streams()) as streams:
        assert [[list(stream) for stream in group] for group in streams] == [[[1, 2], [3]], [[4]]]


def test_a_group_of_more_partitions_than_threads_is_merged() -> None:
    groups = [[lambda start=start: pages(*range(start, start + 50)) for start in range(20)] for _ in range(3)]
    with closing(PrefetchingReader(groups).streams()) as streams:
        for group in streams:
            assert [next(stream) for stream in group] == list(range(20))
            assert sum(len(list(stream)) for stream in group) == 20 * 49


def test_only_a_few_pages_are_read_ahead() -> None:
    read_so_far: list[int] = []
    enough = threading.Event()

    def many() -> Iterator[list[int]]:
        for number in range(1000):
            read_so_far.append(number)
            if number == 3:
                enough.set()
            yield [number]

    with closing(PrefetchingReader([[many]]).streams()) as streams:
        (stream,) = next(streams)
        assert next(stream) == 0
        assert enough.wait(60)
        assert len(read_so_far) <= 5


def test_an_error_in_a_thread_is_raised_to_the_consumer_of_its_items() -> None:
    def lost() -> Iterator[list[int]]:
        yield [1]
        raise ConnectionError("lost")

    with closing(PrefetchingReader([[lost]]).streams()) as streams:
        (stream,) = next(streams)
        assert next(stream) == 1
        with pytest.raises(ConnectionError):
            next(stream)


def test_nothing_is_read_after_the_consumer_stops() -> None:
    ledger = MemoryLedger([record(number) for number in range(3000)])
    query = everything(ledger.records, regions=("eu-west-1",))
    assert len(list(islice(read(query, ledger), 2))) == 2
    for thread in [one for one in threading.enumerate() if one.name.startswith("ledger")]:
        thread.join(60)
        assert not thread.is_alive()
    assert len(ledger.calls) < 50


def test_partitions_are_read_in_parallel_if_few_items_match() -> None:
    together = threading.Barrier(len(NOTABLE), timeout=60)

    class MeetingLedger(MemoryLedger):
        def page(self, index_key: IndexKey, query: Query, *, start: Any = None, size: int | None = None) -> Page:
            together.wait()
            return super().page(index_key, query, start=start, size=size)

    ledger = MeetingLedger([record(0)])
    usage = Usage()
    assert len(list(read(everything(ledger.records, regions=("eu-west-1",)), ledger, usage=usage))) == 1
    assert usage.calls == len(NOTABLE)
