"""Ledger records as a table of 80 columns, by day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice

from deployer.audit.adopted import ADOPTIONS
from deployer.audit.reading import OmittedCount, Usage
from deployer.rendering.text import Line, Tone, table, wrapped
from deployer.words import counted
from handler.records import Record

_REASON_INDENT = 12
"""Below the outcome: two blanks, the time, two blanks."""

_MOST_ROWS = 200
"""In one block: a block's columns are as wide as its widest cells, so it is held in memory."""

_TONES: dict[str, Tone] = {"created": "add", "adopted": "add", "refused": "change", "failed": "bad", "violation": "bad"}


def record_lines(records: Iterable[Record], *, wide: bool) -> Iterator[Line]:
    """A block for each day, in the order of the records; times are UTC.

    `wide` adds ids, OU paths and principals below each row: as columns they would be wider than most terminals.
    """
    is_first = True
    for day, some in groupby(records, key=lambda record: record.day):
        while block := list(islice(some, _MOST_ROWS)):
            if not is_first:
                yield Line("")
            yield Line(f"{day} (UTC)", "heading")
            yield from _block(block, wide=wide)
            is_first = False
    if is_first:
        yield Line("No records.")


def followed_lines(record: Record, *, wide: bool) -> list[Line]:
    """One record by itself, as it is recorded."""
    row = _row(record)
    cells = [f"{record.day} {row[0]}", f"{row[1]:8}", *row[2:]]
    return [Line("  ".join(cells), _TONES.get(record.outcome, "")), *_below(record, wide=wide)]


def omitted_lines(omitted: OmittedCount) -> list[Line]:
    """What the list omits, and how to include it."""
    if omitted.number:
        number = f"{omitted.number:,}" if omitted.is_exact else f"{omitted.number:,} or more"
        text = f"Omitted: {number} with the outcome exists or ignored. --all shows them; --outcome selects outcomes."
        return list(wrapped(text, indent=0, tone="quiet"))
    if omitted.is_exact:
        return []
    text = "Not all records with the outcome exists or ignored were counted. --all shows those that match."
    return list(wrapped(text, indent=0, tone="quiet"))


def usage_line(usage: Usage) -> Line:
    """The capacity that reading used, in the unit that AWS bills."""
    calls = counted(usage.calls, "call")
    return Line(f"Read {counted(usage.examined, 'record')} in {calls}: {usage.capacity:,.1f} read capacity units.")


def _block(records: Sequence[Record], *, wide: bool) -> Iterator[Line]:
    header = ["time", "outcome", "account", "region", "repository"]
    heading, *rows = table(header, [_row(record) for record in records])
    yield Line(f"  {heading.text}", heading.tone)
    for row, record in zip(rows, records, strict=True):
        yield Line(f"  {row.text}", _TONES.get(record.outcome, ""))
        yield from _below(record, wide=wide)


def _below(record: Record, *, wide: bool) -> Iterator[Line]:
    yield from _reason(record)
    if wide:
        remembered = " (remembered)" if record.ou_source == "remembered" else ""
        in_ou = f" in {record.ou_path}{remembered}" if record.ou_path else ""
        yield from wrapped(f"account {record.account}{in_ou}", indent=_REASON_INDENT, tone="quiet")
        yield from wrapped(f"principal {record.caller or '-'}", indent=_REASON_INDENT, tone="quiet")


def _row(record: Record) -> list[str]:
    return [
        f"{record.event_time:%H:%M:%S}",
        record.outcome,
        record.account_name or record.account,
        record.region or "-",
        record.repository or "-",
    ]


def _reason(record: Record) -> list[Line]:
    """Below its row: why, and by which rule or with which message; empty if the outcome is sufficient.

    Of what a person decided, who it was.
    """
    if record.outcome in ADOPTIONS:
        return wrapped(f"as {record.caller}", indent=_REASON_INDENT, tone="quiet")
    if record.reason == record.outcome:
        return []
    if record.outcome == "observed":
        who = f" as {record.caller}" if record.caller else ""
        return wrapped(f"{record.action} ({record.how}){who}", indent=_REASON_INDENT, tone="quiet")
    because = record.detail or record.rule
    return wrapped(f"{record.reason}{f': {because}' if because else ''}", indent=_REASON_INDENT, tone="quiet")
