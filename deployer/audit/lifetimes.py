"""The lifetimes of the repositories of one name in one registry: a deletion ends one, and the next begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from deployer.audit.adopted import ADOPTIONS
from handler.records import Record

FIRST, LAST = 5, 20
"""The most records of a long lifetime that are shown, from its beginning and from its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """One repository from the first refusal to its deletion, the oldest record first; `omitted` are in the middle."""

    first: tuple[Record, ...] = ()
    omitted: int = 0
    last: tuple[Record, ...] = ()

    @classmethod
    def of(cls, records: list[Record]) -> Lifetime:
        """The lifetime of these records, shortened in the middle."""
        if len(records) <= FIRST + LAST:
            return cls(first=tuple(records))
        return cls(first=tuple(records[:FIRST]), omitted=len(records) - FIRST - LAST, last=tuple(records[-LAST:]))

    @property
    def records(self) -> tuple[Record, ...]:
        """All records that are shown."""
        return (*self.first, *self.last)

    @property
    def deletion(self) -> Record | None:
        """The record that closes the lifetime; None if the repository may still exist."""
        end = self.records[-1:]
        return end[0] if end and end[0].action == "deleted" else None


EMPTY = Lifetime()


def is_creation(record: Record) -> bool:
    """Whether a record is of a repository's creation, by anybody."""
    return record.outcome in ("created", "violation") or record.action == "created"


def lifetimes_of(records: Iterable[Record]) -> list[list[Record]]:
    """Each lifetime with its records, both the oldest first.

    CloudTrail's times are whole seconds. Of one second, a creation comes before a deletion, unless the repository
    existed before: then it was deleted and created again. An adoption comes after a creation.
    """
    lifetimes: list[list[Record]] = [[]]
    in_order = sorted(records, key=lambda one: (one.event_time, one.outcome in ADOPTIONS, one.at))
    for _, of_one_second in groupby(in_order, key=lambda one: one.event_time):
        for record in _ordered(of_one_second, exists=any(map(is_creation, _open(lifetimes)))):
            if _is_closed(lifetimes[-1]):
                lifetimes.append([])
            lifetimes[-1].append(record)
    return lifetimes


def _open(lifetimes: list[list[Record]]) -> list[Record]:
    """The records of the lifetime that no deletion has ended."""
    return [] if _is_closed(lifetimes[-1]) else lifetimes[-1]


def _is_closed(lifetime: list[Record]) -> bool:
    return bool(lifetime) and lifetime[-1].action == "deleted"


def _ordered(of_one_second: Iterable[Record], *, exists: bool) -> Iterator[Record]:
    """Creations and deletions in turn; everything else before the next creation, or before the last deletion."""
    records = list(of_one_second)
    deletions = [one for one in records if one.action == "deleted"]
    others = [one for one in records if one.action != "deleted"]
    while deletions and any(map(is_creation, others)):
        if exists:
            yield deletions.pop(0)
        else:
            end = next(index for index, one in enumerate(others) if is_creation(one)) + 1
            yield from others[:end]
            del others[:end]
        exists = not exists
    yield from others
    yield from deletions
