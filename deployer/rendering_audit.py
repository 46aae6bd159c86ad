"""Ledger records as a table of 80 columns, by day, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any

from deployer.rendering_text import Line, table, wrapped
from handler.records import Record

_REASON_INDENT = 12
"""Below the outcome: two blanks, the time, two blanks."""


def record_lines(records: Sequence[Record], *, wide: bool) -> list[Line]:
    """The newest first; times are UTC. `wide` adds ids, OU paths and principals."""
    lines: list[Line] = []
    for day, some in groupby(records, key=lambda record: record.day):
        lines += [Line(f"{day} (UTC)", "heading"), *_day(list(some), wide=wide), Line("")]
    return lines[:-1] if lines else [Line("No records.")]


def _day(records: Sequence[Record], *, wide: bool) -> list[Line]:
    header = ["time", "outcome", "account", "region", "repository"]
    extra = ["account id", "ou", "principal"] if wide else []
    heading, *rows = table([*header, *extra], [_row(record, wide=wide) for record in records])
    lines = [Line(f"  {heading.text}", heading.tone)]
    for row, record in zip(rows, records, strict=True):
        lines += [Line(f"  {row.text}", row.tone), *_reason(record)]
    return lines


def _row(record: Record, *, wide: bool) -> list[str]:
    remembered = " (remembered)" if record.ou_source == "remembered" else ""
    extra = [record.account, f"{record.ou_path or '-'}{remembered}", record.principal or "-"] if wide else []
    return [
        f"{record.event_time:%H:%M:%S}",
        record.outcome,
        record.account_name or record.account,
        record.region or "-",
        record.repository or "-",
        *extra,
    ]


def _reason(record: Record) -> list[Line]:
    """Below its row: why, and by which rule or with which words; nothing where the outcome says it all."""
    if record.reason == record.outcome:
        return []
    because = record.detail or record.rule
    return wrapped(f"{record.reason}{f': {because}' if because else ''}", indent=_REASON_INDENT, tone="quiet")


def record_documents(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Records with the table's attribute names; absent values are null."""
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(record).items()}
        for record in records
    ]
