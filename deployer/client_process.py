"""Run a container client as if nobody stood between it and its user, and still hear what it complains of.

Standard input and output are the user's own. Standard error passes through unchanged, by a pseudo-terminal of the same
size when the user's is a terminal, so that progress bars look as they always do; its end is kept to be read.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

_KEPT_BYTES: Final = 65_536
_CHUNK_BYTES: Final = 4_096
_FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """`exit_code` as a shell gives it: 128 and the number of the signal that ended the client."""

    exit_code: int
    complaint: str


def run_client(command: Sequence[str]) -> Finished:
    """Run a client to its end; a signal that would end this program reaches the client instead."""
    reader, writer = _standard_error()
    client = subprocess.Popen(list(command), stderr=writer)  # noqa: S603 - the user's own command, unchanged
    os.close(writer)
    kept = bytearray()
    copier = threading.Thread(target=_copy, args=(reader, kept), daemon=True)
    copier.start()
    with _signals_to(client):
        code = client.wait()
    copier.join(timeout=5)
    return Finished(exit_code=code if code >= 0 else 128 - code, complaint=kept.decode("utf-8", "replace"))


def _standard_error() -> tuple[int, int]:
    """Where to read what the client writes, and what it writes to: a terminal of the same size, or a pipe."""
    if not sys.stderr.isatty():
        return os.pipe()
    reader, writer = pty.openpty()
    terminal = sys.stderr.fileno()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, fcntl.ioctl(terminal, termios.TIOCGWINSZ, b"\0" * 8))
    attributes = termios.tcgetattr(writer)
    attributes[1] &= ~termios.OPOST  # the user's terminal already turns line feeds into line breaks
    termios.tcsetattr(writer, termios.TCSANOW, attributes)
    return reader, writer


def _copy(reader: int, kept: bytearray) -> None:
    while True:
        try:
            chunk = os.read(reader, _CHUNK_BYTES)
        except OSError:  # a pseudo-terminal ends with EIO when its last writer is gone
            break
        if not chunk:
            break
        sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()
        kept += chunk
        del kept[:-_KEPT_BYTES]
    os.close(reader)


@contextmanager
def _signals_to(client: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ctrl-C reaches the client by itself, being of the same terminal; other signals are passed on."""

    def forward(number: int, _frame: FrameType | None) -> None:
        client.send_signal(number)

    earlier = {number: signal.signal(number, forward) for number in _FORWARDED}
    earlier[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
