"""Ctrl-C and SIGTERM stop the tool, not AWS: reports what continues there, and how to resume."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from deployer.cli.printing import print_lines
from deployer.errors import INTERRUPTED_EXIT_CODE

if TYPE_CHECKING:
    from deployer.rendering.interruption import OperationsInProgress


@contextmanager
def interruptible(in_progress: OperationsInProgress, *, command: Callable[[], str]) -> Iterator[None]:
    """If the command is stopped, print the operations in progress; `command` gives the one that resumes it."""
    is_main = threading.current_thread() is threading.main_thread()
    observing = signal.signal(signal.SIGTERM, _interrupt) if is_main else None
    try:
        yield
    except KeyboardInterrupt as error:
        print_lines(in_progress.lines(command()), err=True)
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from error
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, observing)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
