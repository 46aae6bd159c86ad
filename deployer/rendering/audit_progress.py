"""Progress of an audit, to standard error: a bar on a terminal, elsewhere a line at every quarter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deployer.drift.verification import Progress
from deployer.words import counted


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """The destination of progress while accounts are read."""
    if not sys.stderr.isatty():
        yield _Plain()
        return
    from rich.console import Console  # noqa: PLC0415 - 31 ms that only a terminal needs
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (
        TextColumn("accounts"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True, highlight=False), transient=True) as bars:
        task = bars.add_task("", total=None)
        count = _Count()

        def draw(step: Progress) -> None:
            bars.update(task, total=step.total, completed=step.done, description=count.add(step))

        yield draw


class _Count:
    """The number of repositories found so far."""

    def __init__(self) -> None:
        self._number = 0

    def add(self, step: Progress) -> str:
        self._number += step.last.repository_count if step.last else 0
        return counted(self._number, "repository", "repositories")


class _Plain:
    """A line at every quarter."""

    def __init__(self) -> None:
        self._count = _Count()
        self._quarter = 0

    def __call__(self, step: Progress) -> None:
        text = self._count.add(step)
        quarter = 4 * step.done // step.total if step.total else 4
        if quarter > self._quarter or step.last is None:
            self._quarter = quarter
            sys.stderr.write(f"{step.done} of {step.total} accounts, {text}\n")
            sys.stderr.flush()
