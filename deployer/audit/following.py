"""Decisions as they are recorded, like `tail -f`.

CloudTrail delivers late and in no order, so each poll reads far enough back to find what arrived since, and nothing is
printed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from deployer.audit.query import Query
from deployer.audit.reading import Ledger, Usage, read
from handler.creation import LATE
from handler.records import Record

LOOK_BACK = LATE + timedelta(minutes=5)
"""The maximum age of an event when its record appears; a redrive of an older one is not followed, but listed.
CloudTrail delivers in time by assumption A11."""

Seen = dict[tuple[str, str], datetime]


def follow(
    query: Query, ledger: Ledger, recent: Iterable[Record], *, moments: Iterator[datetime], usage: Usage
) -> Iterator[Record]:
    """`recent` (the newest first, few) in order of time, then what appears after that.

    Polls at each of `moments`, an iterator that yields the current time and so pauses between two polls.
    Only the keys of the last minutes are remembered, so memory does not grow.
    """
    seen: Seen = {_key(record): record.event_time for record in _window(query, ledger, now=next(moments), usage=usage)}
    first = list(recent)
    seen |= {_key(record): record.event_time for record in first}
    yield from reversed(first)
    for now in moments:
        for record in _window(query, ledger, now=now, usage=usage):
            if _key(record) not in seen:
                seen[_key(record)] = record.event_time
                yield record
        seen = {key: time for key, time in seen.items() if time >= now - 2 * LOOK_BACK}


def _window(query: Query, ledger: Ledger, *, now: datetime, usage: Usage) -> Iterator[Record]:
    """The range that may have new records; clocks may differ by as much into the future."""
    window = replace(query, since=now - LOOK_BACK, until=now + LOOK_BACK, oldest_first=True)
    return read(window, ledger, usage=usage)


def _key(record: Record) -> tuple[str, str]:
    return record.account, record.at
