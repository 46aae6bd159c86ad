"""SIGTERM ends every command as Ctrl-C does: a KeyboardInterrupt, so that locks are released and messages printed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Raise KeyboardInterrupt at SIGTERM, unless the caller ignores it; only a program's main thread has signals."""
    earlier = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or earlier == signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def die_at_once() -> None:
    """Let SIGINT and SIGTERM end the process as the system does, when its result is known."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
