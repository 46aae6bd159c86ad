"""Destinations of exported records: a file that grows and can be truncated to the last confirmed position.

A sink confirms what it wrote by a mark, an integer. Opened again at a mark, it continues after it: what was written
after the mark is discarded, so that nothing is in the file twice and nothing is missing.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Protocol

from deployer.audit.documents import COLUMNS, document, flat
from deployer.errors import GuardError
from handler.records import Record

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width characters on purpose
"""Spreadsheets run a cell that begins with one, and untrusted users choose principals and names of tags.

https://owasp.org/www-community/attacks/CSV_Injection
"""


class Sink(Protocol):
    """An unfinished file."""

    def write(self, records: Iterable[Record]) -> None:
        """Add records."""
        ...

    def confirm(self) -> int:
        """Flush to the disk, and return the mark after it."""
        ...

    def finish(self, file: Path) -> None:
        """Create the finished file."""
        ...

    def close(self) -> None:
        """Close it, finished or not."""
        ...


class TextSink:
    """JSON Lines; the mark is the number of bytes."""

    def __init__(self, partial: Path, *, mark: int) -> None:
        self._partial = partial
        if mark and (not partial.exists() or partial.stat().st_size < mark):
            raise GuardError(f"{partial} is shorter than its confirmed part", next_step="--restart starts again.")
        self._stream = partial.open("r+b" if mark else "wb")
        self._stream.truncate(mark)
        self._stream.seek(mark)
        if not mark:
            self._stream.write(self.header())

    def header(self) -> bytes:
        """The beginning of the file."""
        return b""

    def write(self, records: Iterable[Record]) -> None:
        self._stream.write(self.text(records))

    def text(self, records: Iterable[Record]) -> bytes:
        """Records as the file holds them."""
        return _json_lines(records)

    def confirm(self) -> int:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return self._stream.tell()

    def finish(self, file: Path) -> None:
        self.confirm()
        self._stream.close()
        self._partial.replace(file)

    def close(self) -> None:
        self._stream.close()


class CsvSink(TextSink):
    """CSV as RFC 4180 defines it, with a header, in UTF-8; no cell is a formula."""

    def header(self) -> bytes:
        return _csv([COLUMNS])

    def text(self, records: Iterable[Record]) -> bytes:
        return _csv_lines(records)


_AFTER_SEMICOLON = re.compile(f"""(;["']*)(?=[{re.escape("".join(FORMULAS))}])""")
"""In locales with a decimal comma, spreadsheets end a cell at a semicolon, and begin another."""


def escaped(cell: str) -> str:
    """The cell, so that a spreadsheet reads it as text whatever its first character, or the one after a semicolon."""
    if ";" in cell:
        cell = _AFTER_SEMICOLON.sub(r"\1'", cell)
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def _json_lines(records: Iterable[Record]) -> bytes:
    return b"".join(json.dumps(document(record), ensure_ascii=False).encode() + b"\n" for record in records)


def _csv_lines(records: Iterable[Record]) -> bytes:
    return _csv([escaped(value or "") for value in flat(record).values()] for record in records)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    lines: list[str] = []
    csv.writer(_Lines(lines)).writerows(rows)
    return "".join(lines).encode()


class _Lines:
    """The part of a file's interface that csv uses."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def write_stream(stream: IO[bytes], records: Iterable[Record], *, as_csv: bool) -> int:
    """Write records to a stream that cannot be truncated, such as standard output; returns their number."""
    number = 0
    text = _csv_lines if as_csv else _json_lines
    if as_csv:
        stream.write(_csv([COLUMNS]))
    for record in records:
        stream.write(text([record]))
        number += 1
    stream.flush()
    return number
