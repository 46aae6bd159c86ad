"""Text of the files that users name, as editors, shells and AWS write it."""

from __future__ import annotations

import codecs
import gzip
import os
import select
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deployer.errors import NotFoundError

STANDARD_INPUT: Final = Path("-")
LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a file: more than any snapshot or file of CloudTrail; a device may never end."""
_CHUNK: Final = 1024 * 1024
_POLLS: Final = 200
_POLL_MILLISECONDS: Final = 50
"""Together ten seconds for a program to open a named pipe."""
_GZIP: Final = b"\x1f\x8b"
_ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def name_of(file: Path) -> str:
    """A file as messages name it."""
    return "standard input" if file == STANDARD_INPUT else file.as_posix()


def read_text(file: Path, *, argument: str, next_step: str | None = None) -> str:
    """The text of a file or named pipe, or of standard input for `-`, as UTF-8 without a byte order mark.

    Reads UTF-8, UTF-16 and UTF-32 with a byte order mark, as PowerShell writes them, and any of them in gzip, as
    CloudTrail writes its files. Raises NotFoundError naming the file; `argument` is what names the file, and
    `next_step` how to write one that does not exist. Reads at most 256 MB, and waits for a pipe only while a program
    has it open for writing, or ten seconds for one to open it.
    """
    is_missing = False
    try:
        return decoded(_read(file))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        is_missing = isinstance(error, FileNotFoundError)
    except UnicodeDecodeError:
        reason = "it is neither UTF-8 nor UTF-16 text with a byte order mark"
    raise NotFoundError(
        f"{name_of(file)} cannot be read: {reason}",
        next_step=(is_missing and next_step) or f"Check the path given as {argument}; - is standard input.",
    )


def decoded(data: bytes) -> str:
    """The text of some bytes; raises UnicodeDecodeError for binary data."""
    if data.startswith(_GZIP):
        data = gzip.decompress(data)
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8")
    text = data.decode(encoding)
    if "\0" in text:
        raise UnicodeDecodeError(encoding, data[:0], 0, 0, "a null character")
    return text


def _read(file: Path) -> bytes:
    if file != STANDARD_INPUT:
        return _read_bounded(file)
    if sys.stdin is None:
        raise OSError("it is closed")
    buffer = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read().encode() if buffer is None else bytes(buffer.read())


def _read_bounded(file: Path) -> bytes:
    """A file's bytes; raises OSError for more than LARGEST, or for a named pipe that nobody writes to."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        first = _first_of_pipe(descriptor) if is_pipe else b""
        os.set_blocking(descriptor, True)
        return b"".join(_chunks(descriptor, first))
    finally:
        os.close(descriptor)


def _chunks(descriptor: int, first: bytes) -> Iterator[bytes]:
    yield first
    total = len(first)
    while chunk := os.read(descriptor, _CHUNK):
        total += len(chunk)
        if total > LARGEST:
            raise OSError(f"it is larger than {LARGEST // 1024**2} MB")
        yield chunk


def _first_of_pipe(descriptor: int) -> bytes:
    """What is in a pipe, possibly nothing, once a program has or had it open for writing: then a read does not hang."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    for _ in range(_POLLS):
        try:
            if first := os.read(descriptor, _CHUNK):
                return first
        except BlockingIOError:
            return b""
        if any(event & select.POLLHUP for _, event in poll.poll(_POLL_MILLISECONDS)):
            return b""
    raise OSError("no program writes to this pipe")
