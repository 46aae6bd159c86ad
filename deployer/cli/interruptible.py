"""Ctrl-C and SIGTERM stop the tool, not AWS; what goes on there is told, and how to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from deployer.cli.printing import print_lines
from deployer.errors import INTERRUPTED_EXIT_CODE

if TYPE_CHECKING:
    from deployer.rendering.interruption import UnderWay


@contextmanager
def interruptible(under_way: UnderWay, *, command: str) -> Iterator[None]:
    """When the command is stopped, tell what is under way; `command` is what goes on with the work."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _interrupt) if is_main else None
    try:
        yield
    except KeyboardInterrupt as error:
        print_lines(under_way.farewell(command), err=True)
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from error
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
