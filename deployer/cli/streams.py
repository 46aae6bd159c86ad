"""The program's standard streams, whatever they are: closed, full, without a reader, or lacking a character.

What cannot be written to standard output is an error with one exit code, or for a closed pipe, as with `| head`, the
exit code alone. What cannot be written to standard error is dropped: there is nowhere to report it, and a roll-out
continues without its progress messages.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from deployer.errors import ClosedOutputError, FileAccessError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_CLOSED = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How /dev/null stands in for a closed stream: reading or writing it fails as before, except for standard error."""


class StandardOutput(io.FileIO):
    """Standard output; a failure to write it is never an OSError, which others would take for one of theirs."""

    is_broken = False

    def write(self, data: ReadableBuffer, /) -> int:
        if self.is_broken:
            return memoryview(data).nbytes
        try:
            return _write_when_ready(super().write, data, self.fileno())
        except OSError as error:
            self.is_broken = True
            reason = f"Standard output cannot be written: {error.strerror}"
            found = ClosedOutputError if error.errno == errno.EPIPE else FileAccessError
            raise found(reason, next_step="Make room, or redirect it to another place.") from error

    def exit_code(self, code: int) -> int:
        """The exit code of a command that ended with `code`: another one if its output was lost."""
        return FileAccessError.exit_code if self.is_broken else code


class StandardError(io.FileIO):
    """Standard error; drops what cannot be written."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return _write_when_ready(super().write, data, self.fileno())
        except OSError:
            return memoryview(data).nbytes


@contextmanager
def standard_streams() -> Iterator[StandardOutput]:
    """Replace the standard streams for the rest of the program; the caller reads the exit code from the result."""
    _open_closed()
    output, error = StandardOutput(1, "w", closefd=False), StandardError(2, "w", closefd=False)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    sys.stdout = _text(output, sys.stdout)
    sys.stderr = _text(error, sys.stderr, line_buffering=True)
    try:
        yield output
    finally:
        try:
            sys.stdout.flush()
        except FileAccessError as lost:
            sys.stderr.write(f"Error: {lost.message}\n")


def _open_closed() -> None:
    """Open what is closed, in ascending order: each gets the lowest free descriptor, which no file may get later."""
    for descriptor, mode in _CLOSED.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)


def _text(raw: io.FileIO, earlier: TextIO | None, *, line_buffering: bool = False) -> io.TextIOWrapper:
    """A text stream like the earlier one, in which a character that its encoding lacks is escaped."""
    errors = getattr(earlier, "errors", None)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(earlier, "encoding", None) or "utf-8",
        errors=errors if errors not in {None, "strict"} else "backslashreplace",
        line_buffering=line_buffering or bool(getattr(earlier, "line_buffering", False)),
    )


def _write_when_ready(write: Callable[[ReadableBuffer], int | None], data: ReadableBuffer, descriptor: int) -> int:
    """Write to a descriptor that another program may have set to non-blocking."""
    while (written := write(data)) is None:
        select.select([], [descriptor], [])
    return written
