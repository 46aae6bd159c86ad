"""The stories of the repositories of one name in one registry: a deletion closes one, and the next begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handler.records import Record

FIRST, LAST = 5, 20
"""The most records of a long story that are shown, from its beginning and from its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One repository from the first refusal to its deletion, the oldest record first; `omitted` are in the middle."""

    first: tuple[Record, ...] = ()
    omitted: int = 0
    last: tuple[Record, ...] = ()

    @classmethod
    def of(cls, records: list[Record]) -> Story:
        """The story of these records, shortened in the middle."""
        if len(records) <= FIRST + LAST:
            return cls(first=tuple(records))
        return cls(first=tuple(records[:FIRST]), omitted=len(records) - FIRST - LAST, last=tuple(records[-LAST:]))

    @property
    def records(self) -> tuple[Record, ...]:
        """All records that are shown."""
        return (*self.first, *self.last)

    @property
    def deletion(self) -> Record | None:
        """The record that closes the story; None if the repository may still exist."""
        end = self.records[-1:]
        return end[0] if end and end[0].action == "deleted" else None


EMPTY = Story()


def stories_of(records: Iterable[Record]) -> list[list[Record]]:
    """Each story with its records, both the oldest first.

    CloudTrail's times are whole seconds: of one second, what was created comes before what was deleted.
    """
    stories: list[list[Record]] = [[]]
    for record in sorted(records, key=lambda one: (one.event_time, one.action == "deleted", one.at)):
        if stories[-1] and stories[-1][-1].action == "deleted":
            stories.append([])
        stories[-1].append(record)
    return stories
