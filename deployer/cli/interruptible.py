"""Ctrl-C and SIGTERM stop the tool, not AWS: reports what continues there, and how to resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from deployer.cli.printing import print_lines
from deployer.errors import INTERRUPTED_EXIT_CODE

if TYPE_CHECKING:
    from deployer.rendering.interruption import OperationsInProgress


@contextmanager
def interruptible(in_progress: OperationsInProgress, *, command: Callable[[], str]) -> Iterator[None]:
    """If the command is stopped, print the operations in progress; `command` gives the one that resumes it."""
    try:
        yield
    except KeyboardInterrupt as error:
        print_lines(in_progress.lines(command()), err=True)
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from error
