"""Run a container client transparently to its user, and keep the end of its output.

Standard input is the user's own. Output passes through unchanged, by a pseudo-terminal of the same size if the user's
is a terminal, so that progress bars are unchanged. Output to the same destination keeps its order.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Final

_KEPT_BYTES: Final = 1_048_576
_CHUNK_BYTES: Final = 65_536
_LAST_WORDS_SECONDS: Final = 5
"""Seconds that processes left by a client may keep its output open without writing to it."""
_FORWARDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """`exit_code` as a shell gives it: 128 and the number of the signal that ended the client.

    `output` is the end of what it printed. `was_stopped` when it got a signal to stop from its user, by Ctrl-C or
    through this program.
    """

    exit_code: int
    output: str
    was_stopped: bool = False


def run_client(command: Sequence[str]) -> Finished:
    """Run a client to its end; a signal that would end this program reaches the client instead."""
    error = _Channel(sys.stderr.buffer)
    output = error if _are_one_file(1, 2) else _Channel(sys.stdout.buffer)
    channels = [output] if output is error else [output, error]
    with _passed_on(channels) as signals:
        client = subprocess.Popen(list(command), stdout=output.writer, stderr=error.writer)  # noqa: S603 - the user's own
        signals.pass_to(client)
        for channel in channels:
            channel.begin()
        code = client.wait()
        for channel in channels:
            channel.end()
    return Finished(
        exit_code=code if code >= 0 else 128 - code,
        output="\n".join(channel.text for channel in channels),
        was_stopped=signals.asked_to_stop,
    )


class StandardInput:
    """What a client may read, and whether it can be read once more."""

    def __init__(self, *, is_read: bool = False) -> None:
        """`is_read` if the command line names standard input."""
        self._is_read = is_read
        self._position = _position()
        self._waiting = _waiting_bytes()

    def rewind(self) -> bool:
        """Whether a client finds the same input again: a file is rewound; of a pipe, nothing may have been read."""
        try:
            mode = os.fstat(0).st_mode
        except OSError:  # closed
            return True
        if stat.S_ISREG(mode):
            if self._position is not None:
                os.lseek(0, self._position, os.SEEK_SET)
            return self._position is not None
        if stat.S_ISCHR(mode):
            return True
        return not self._is_read and _waiting_bytes() >= self._waiting


def _position() -> int | None:
    try:
        return os.lseek(0, 0, os.SEEK_CUR)
    except OSError:
        return None


def _waiting_bytes() -> int:
    """The unread bytes of a pipe."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(0, termios.FIONREAD, b"\0" * 4))[0])
    except OSError:
        return 0


def _are_one_file(one: int, other: int) -> bool:
    """Whether two descriptors have the same destination, as with `2>&1` or a terminal."""
    try:
        first, second = os.fstat(one), os.fstat(other)
    except OSError:
        return False
    return (first.st_dev, first.st_ino, first.st_rdev) == (second.st_dev, second.st_ino, second.st_rdev)


class _Channel:
    """A client's output, passed on to the user."""

    def __init__(self, user: BinaryIO) -> None:
        self.reader, self.writer = _terminal_like(user) if user.isatty() else os.pipe()
        self._user = user
        self._kept = bytearray()
        self._is_reading = True
        self._copied = 0
        self._thread = threading.Thread(target=self._copy, daemon=True)

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")

    def begin(self) -> None:
        os.close(self.writer)
        self._thread.start()

    def end(self) -> None:
        """Wait until everything has arrived; what the client left running is waited for only while it writes."""
        copied = -1
        while self._thread.is_alive() and (self._copied != copied or not self._is_reading):
            copied = self._copied
            self._thread.join(timeout=_LAST_WORDS_SECONDS)

    def resize(self) -> None:
        """Give the client's terminal the size that the user's has now."""
        if self._user.isatty() and os.isatty(self.reader):
            size = fcntl.ioctl(self._user.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(self.reader, termios.TIOCSWINSZ, size)

    def _copy(self) -> None:
        """End with the writer, or with the user's own output: then the client finds its end closed, as always."""
        try:
            while chunk := os.read(self.reader, _CHUNK_BYTES):
                self._is_reading = False
                self._kept += chunk
                del self._kept[:-_KEPT_BYTES]
                self._user.write(chunk)
                self._user.flush()
                self._copied += len(chunk)
                self._is_reading = True
        except OSError:  # a pseudo-terminal ends with EIO when its last writer is gone
            pass
        finally:
            os.close(self.reader)


def _terminal_like(user: BinaryIO) -> tuple[int, int]:
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, fcntl.ioctl(user.fileno(), termios.TIOCGWINSZ, b"\0" * 8))
    attributes = termios.tcgetattr(writer)
    attributes[1] &= ~termios.OPOST  # the user's terminal already turns line feeds into line breaks
    termios.tcsetattr(writer, termios.TCSANOW, attributes)
    return reader, writer


class _Signals:
    """What reaches this program while a client runs, for the client; what comes before the client does is kept for it.

    Ctrl-C reaches a client of the same terminal by itself, and a second one would make it stop at once.
    """

    def __init__(self, channels: Sequence[_Channel]) -> None:
        self.asked_to_stop = False
        self._channels = channels
        self._client: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def pass_to(self, client: subprocess.Popen[bytes]) -> None:
        self._client = client
        for number in self._early:
            client.send_signal(number)

    def hear(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGWINCH:
            for channel in self._channels:
                channel.resize()
            return
        self.asked_to_stop = True
        if number == signal.SIGINT and _is_foreground():
            return
        if self._client is None:
            self._early.append(number)
        else:
            self._client.send_signal(number)


@contextmanager
def _passed_on(channels: Sequence[_Channel]) -> Iterator[_Signals]:
    """Receive signals for a client. The handlers are set before it starts: exec resets them for the client itself."""
    signals = _Signals(channels)
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
