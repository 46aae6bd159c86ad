"""Parquet, in parts until it is finished: a Parquet file ends with its index, so a truncated one is invalid.

Each confirmed batch is a complete file of its own; the mark is their number. At the end their row groups are copied one
by one, so memory holds one batch, however large the export.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from deployer.audit.documents import COLUMNS, TIMES
from handler.records import Record

_FEW_VALUES = ("outcome", "reason", "account", "account_name", "ou_path", "ou_source", "region", "settings_digest")

SCHEMA = pa.schema([pa.field(name, pa.timestamp("ms", tz="UTC") if name in TIMES else pa.string()) for name in COLUMNS])


class ParquetSink:
    """A folder of parts next to the final file."""

    def __init__(self, partial: Path, *, mark: int) -> None:
        self._partial = partial
        self._folder = partial.with_name(f"{partial.name}.parts")
        self._folder.mkdir(exist_ok=True)
        self._parts = mark
        self._rows: list[Record] = []
        for part in self._folder.iterdir():
            if part.name not in {self._part(number).name for number in range(mark)}:
                part.unlink()

    def write(self, records: Iterable[Record]) -> None:
        self._rows += records

    def confirm(self) -> int:
        if self._rows:
            with pq.ParquetWriter(self._part(self._parts), SCHEMA, compression="zstd") as writer:
                writer.write_table(_table(self._rows))
            self._parts += 1
            self._rows = []
        return self._parts

    def finish(self, file: Path) -> None:
        self.confirm()
        with pq.ParquetWriter(self._partial, SCHEMA, compression="zstd", use_dictionary=list(_FEW_VALUES)) as writer:
            for table in self._tables():
                writer.write_table(table)
        self._partial.replace(file)
        shutil.rmtree(self._folder)

    def close(self) -> None:
        """Confirmed parts are kept for the next run."""
        self._rows = []

    def _tables(self) -> Iterator[object]:
        for number in range(self._parts):
            yield pq.read_table(self._part(number))

    def _part(self, number: int) -> Path:
        return self._folder / f"{number:06}.parquet"


def _table(records: list[Record]) -> object:
    columns = {name: [getattr(record, name) for record in records] for name in COLUMNS}
    return pa.table({name: _truncated(values) for name, values in columns.items()}, schema=SCHEMA)


def _truncated(values: list[object]) -> list[object]:
    """Times to the millisecond: the table holds no more."""
    return [
        value.replace(microsecond=value.microsecond // 1000 * 1000) if isinstance(value, datetime) else value
        for value in values
    ]
