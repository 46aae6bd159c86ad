"""The table's rows, stored as columns of numbers, with each distinct text stored once. Pure.

50,000 rows take about 4 MB in memory and in the page, where the script renders only the visible rows.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from jinja2.utils import htmlsafe_json_dumps

from handler.records import Record

TEXT_COLUMNS = (
    "outcome",
    "repository",
    "account",
    "account_name",
    "ou_path",
    "region",
    "principal",
    "reason",
    "action",
    "how",
    "engine",
    "rule",
    "detail",
    "source_ip",
    "user_agent",
    "settings_digest",
)
"""Attributes of a record whose values repeat."""

_SHOWN = {"principal": "caller"}
"""Columns that show another attribute of the record than the one they are named after."""

NO_WAIT = -1

DRAWN = 25
"""Rows that the page shows without JavaScript."""

_CHUNK = 2_000


@dataclass(slots=True)
class Rows:
    """The newest records, at most `limit`, as the page's script reads them."""

    limit: int
    newest: list[Record] = field(default_factory=list)
    """The rows that the page shows without JavaScript."""
    times: array[int] = field(default_factory=lambda: array("q"))
    waits: array[int] = field(default_factory=lambda: array("q"))
    events: list[str] = field(default_factory=list)
    columns: dict[str, array[int]] = field(default_factory=lambda: {name: array("l") for name in TEXT_COLUMNS})
    texts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    def add(self, record: Record, *, waited: float | None) -> None:
        """Add a row, unless the limit is reached."""
        if len(self) >= self.limit:
            return
        if len(self.newest) < DRAWN:
            self.newest.append(record)
        self.times.append(int(record.event_time.timestamp()))
        self.waits.append(NO_WAIT if waited is None else round(waited * 1000))
        self.events.append(record.event_id)
        for name, column in self.columns.items():
            column.append(self._number(getattr(record, _SHOWN.get(name, name)) or ""))

    def _number(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def to_json(self) -> Iterator[str]:
        """One JSON object, in parts, escaped so that HTML does not read any of it as markup."""
        yield '{"times":['
        yield from _numbers(self.times)
        yield '],"waits":['
        yield from _numbers(self.waits)
        yield '],"columns":{'
        for position, (name, column) in enumerate(self.columns.items()):
            yield f'{"," if position else ""}"{name}":['
            yield from _numbers(column)
            yield "]"
        yield '},"events":['
        yield from _texts(iter(self.events))
        yield '],"texts":['
        yield from _texts(iter(self.texts))
        yield "]}"


def _numbers(column: array[int]) -> Iterator[str]:
    for start in range(0, len(column), _CHUNK):
        yield ("," if start else "") + ",".join(map(str, column[start : start + _CHUNK]))


def _texts(texts: Iterator[str]) -> Iterator[str]:
    separator = ""
    while chunk := list(islice(texts, _CHUNK)):
        yield separator + str(htmlsafe_json_dumps(chunk))[1:-1]
        separator = ","
