"""Text of the files that users name, as editors, shells and AWS write it."""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from pathlib import Path
from typing import Final

from deployer.errors import NotFoundError

STANDARD_INPUT: Final = Path("-")
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


def read_text(file: Path, *, argument: str) -> str:
    """The text of a file or named pipe, or of standard input for `-`, as UTF-8 without a byte order mark.

    Reads UTF-8, UTF-16 and UTF-32 with a byte order mark, as PowerShell writes them, and any of them in gzip, as
    CloudTrail writes its files. Raises NotFoundError naming the file;`argument` is what names the file.
    """
    try:
        return decoded(_read(file))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
    except UnicodeDecodeError:
        reason = "it is neither UTF-8 nor UTF-16 text with a byte order mark"
    raise NotFoundError(
        f"{name_of(file)} cannot be read: {reason}",
        next_step=f"Check the path given as {argument}; - is standard input.",
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
        return file.read_bytes()
    if sys.stdin is None:
        raise OSError("it is closed")
    buffer = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read().encode() if buffer is None else bytes(buffer.read())
