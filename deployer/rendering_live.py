"""Progress while it happens: bars that are redrawn on a terminal, plain lines everywhere else. To standard error."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.organization import Organization
from deployer.progress import Event, OperationProgress, OperationStarted, Report, StepEnded, StepStarted
from deployer.rendering_events import event_lines
from deployer.rendering_text import Line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_STYLES = {"heading": "bold", "add": "green", "change": "yellow", "remove": "bold red", "bad": "red", "quiet": "dim"}


@contextmanager
def reporter(organization: Organization) -> Iterator[Report]:
    """Where events go while a roll-out runs."""
    if not sys.stderr.isatty():
        yield lambda event: _plain(event, organization)
        return
    from rich.console import Console  # noqa: PLC0415 - 31 ms that only a terminal needs

    console = Console(stderr=True, highlight=False)
    with _progress(console) as progress:
        yield _Live(progress, organization)


def _plain(event: Event, organization: Organization) -> None:
    for line in event_lines(event, organization):
        sys.stderr.write(f"{line.text}\n")
        sys.stderr.flush()


def _progress(console: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}", style="red"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


class _Live:
    """One bar for each region of the operation that runs; failures and steps stay above as lines."""

    def __init__(self, progress: Progress, organization: Organization) -> None:
        self._progress = progress
        self._organization = organization
        self._bars: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, OperationStarted | StepStarted | StepEnded):
            self._clear()
        if isinstance(event, OperationProgress):
            self._draw(event)
        for line in event_lines(event, self._organization):
            if _stays(event, line):
                self._progress.console.print(line.text, style=_STYLES.get(line.tone, ""), markup=False, soft_wrap=True)

    def _draw(self, event: OperationProgress) -> None:
        totals = Counter(result.region for result in event.results)
        over = Counter(r.region for r in event.results if r.status in {"SUCCEEDED", "FAILED", "CANCELLED"})
        failed = Counter(result.region for result in event.results if result.status == "FAILED")
        for region, total in sorted(totals.items()):
            if region not in self._bars:
                self._bars[region] = self._progress.add_task(f"{event.stack_set} {region}", failed="")
            self._progress.update(
                self._bars[region],
                total=total,
                completed=over[region],
                failed=f"{failed[region]} failed" if failed[region] else "",
            )

    def _clear(self) -> None:
        for bar in self._bars.values():
            self._progress.remove_task(bar)
        self._bars.clear()


def _stays(event: Event, line: Line) -> bool:
    """What succeeded is in the bars; the rest is worth a line of its own."""
    return line.tone == "bad" or not isinstance(event, OperationProgress)
