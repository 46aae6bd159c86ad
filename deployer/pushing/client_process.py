"""Run a container client transparently to its user, and keep its error messages.

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
    """`exit_code` as a shell gives it: 128 and the number of the signal that ended the client.

    `was_stopped` when it got a signal to stop from its user, by Ctrl-C or through this program.
    """

    exit_code: int
    complaint: str
    was_stopped: bool = False


def run_client(command: Sequence[str]) -> Finished:
    """Run a client to its end; a signal that would end this program reaches the client instead."""
    reader, writer = _standard_error()
    kept = bytearray()
    with _passed_on(reader) as signals:
        client = subprocess.Popen(list(command), stderr=writer)  # noqa: S603 - the user's own command, unchanged
        os.close(writer)
        signals.pass_to(client)
        copier = threading.Thread(target=_copy, args=(reader, kept), daemon=True)
        copier.start()
        code = client.wait()
        copier.join(timeout=_LAST_WORDS_SECONDS)
    return Finished(
        exit_code=code if code >= 0 else 128 - code,
        complaint=kept.decode("utf-8", "replace"),
        was_stopped=signals.asked_to_stop,
    )


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
    """End with the writer, or with the user's own standard error: then the client finds its end closed, as always."""
    try:
        while chunk := os.read(reader, _CHUNK_BYTES):
            kept += chunk
            del kept[:-_KEPT_BYTES]
            sys.stderr.buffer.write(chunk)
            sys.stderr.buffer.flush()
    except OSError:  # a pseudo-terminal ends with EIO when its last writer is gone
        pass
    finally:
        os.close(reader)


class _Signals:
    """What reaches this program while a client runs, for the client; what comes before the client does is kept for it.

    Ctrl-C reaches a client of the same terminal by itself, and twice would be taken for impatience.
    """

    def __init__(self, terminal: int) -> None:
        self.asked_to_stop = False
        self._terminal = terminal
        self._client: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def pass_to(self, client: subprocess.Popen[bytes]) -> None:
        self._client = client
        for number in self._early:
            client.send_signal(number)

    def hear(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGWINCH:
            _resize(self._terminal)
            return
        self.asked_to_stop = True
        if number == signal.SIGINT and _is_foreground():
            return
        if self._client is None:
            self._early.append(number)
        else:
            self._client.send_signal(number)


@contextmanager
def _passed_on(terminal: int) -> Iterator[_Signals]:
    """Receive signals for a client. The handlers are set before it starts: it begins with the usual ones, since a
    program's own do not survive its exec.
    """
    signals = _Signals(terminal)
    earlier = {number: signal.signal(number, signals.hear) for number in _FORWARDED}
    try:
        yield signals
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
