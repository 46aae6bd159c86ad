"""Ledger records as a table of 80 columns, by day, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Any

from deployer.rendering_text import Line, table
from handler.records import Record


def record_lines(records: Sequence[Record], *, wide: bool) -> list[Line]:
    """The newest first; times are UTC. `wide` adds ids, OU paths and principals."""
    lines: list[Line] = []
    for day, some in groupby(records, key=lambda record: record.day):
        lines += [Line(f"{day} (UTC)", "heading"), *_day(list(some), wide=wide), Line("")]
    return lines[:-1] if lines else [Line("No records.")]


def _day(records: Iterable[Record], *, wide: bool) -> list[Line]:
    header = ["time", "outcome", "account", "region", "repository"]
    extra = ["account id", "ou", "principal"] if wide else []
    lines = table([*header, *extra], [_row(record, wide=wide) for record in records])
    return [Line(f"  {line.text}", line.tone) for line in lines]


def _row(record: Record, *, wide: bool) -> list[str]:
    told = record.outcome if record.reason == record.outcome else f"{record.outcome}: {record.reason}"
    remembered = " (remembered)" if record.ou_source == "remembered" else ""
    extra = [record.account, f"{record.ou_path or '-'}{remembered}", record.principal or "-"] if wide else []
    return [
        f"{record.event_time:%H:%M:%S}",
        told,
        record.account_name or record.account,
        record.region or "-",
        record.repository or "-",
        *extra,
    ]


def record_documents(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Records with the table's attribute names; absent values are null."""
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(record).items()}
        for record in records
    ]
