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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

_KEPT_BYTES: Final = 65_536
_CHUNK_BYTES: Final = 4_096
_LAST_WORDS_SECONDS: Final = 5
"""How long what a client leaves running may keep its standard error open."""
_FORWARDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """`exit_code` as a shell gives it: 128 and the number of the signal that ended the client."""

    exit_code: int
    complaint: str


def run_client(command: Sequence[str]) -> Finished:
    """Run a client to its end; a signal that would end this program reaches the client instead."""
    reader, writer = _standard_error()
    kept = bytearray()
    with _passed_on(reader) as receive:
        client = subprocess.Popen(list(command), stderr=writer)  # noqa: S603 - the user's own command, unchanged
        os.close(writer)
        receive(client)
        copier = threading.Thread(target=_copy, args=(reader, kept), daemon=True)
        copier.start()
        code = client.wait()
        copier.join(timeout=_LAST_WORDS_SECONDS)
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
def _passed_on(terminal: int) -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass signals on to the client that is told of by the call of what this gives; earlier ones are kept for it.

    Ctrl-C reaches a client of the same terminal by itself, and twice would be taken for impatience. The handlers are
    set before the client starts: it begins with the usual ones, since a program's own do not survive its exec.
    """
    clients: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGWINCH:
            _resize(terminal)
        elif number == signal.SIGINT and _is_foreground():
            return
        elif clients:
            clients[0].send_signal(number)
        else:
            early.append(number)

    def receive(client: subprocess.Popen[bytes]) -> None:
        clients.append(client)
        for number in early:
            client.send_signal(number)

    earlier = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield receive
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _is_foreground() -> bool:
    """Whether a terminal sends Ctrl-C to this program, and so to the client too: they are one process group."""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _resize(terminal: int) -> None:
    """Give the client's terminal the size that the user's has now."""
    if sys.stderr.isatty() and os.isatty(terminal):
        size = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
