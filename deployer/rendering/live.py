"""Progress while it happens, to standard error: a view that is redrawn on a terminal, plain or JSON lines elsewhere.

rich redraws the view in place, each frame in one write, so nothing flickers; lines to keep scroll above it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.clock import Clock
from deployer.organization import Organization
from deployer.rendering.board import Board
from deployer.rendering.events import event_lines
from deployer.rendering.events_json import event_document
from deployer.rendering.text import Line, Tone
from deployer.rollout.progress import (
    Event,
    OperationProgress,
    OperationStarted,
    Report,
    StackProgress,
    StepEnded,
    StepStarted,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES: Mapping[Tone, str] = {
    "heading": "bold",
    "add": "green",
    "change": "yellow",
    "remove": "bold red",
    "bad": "red",
    "quiet": "dim",
}
_FRAMES_PER_SECOND = 1
_LOWEST = 6
"""Lines that a terminal must have for the view."""


@contextmanager
def reporter(organization: Organization, *, clock: Clock, as_json: bool = False) -> Iterator[Report]:
    """The destination of events while a roll-out runs."""
    if as_json:
        yield lambda event: _write(json.dumps(event_document(event, organization, at=clock.now()), ensure_ascii=False))
    elif is_live():
        with _live(organization, clock=clock) as report:
            yield report
    else:
        yield lambda event: _write(*(line.text for line in event_lines(event, organization)))


def is_live() -> bool:
    """Whether standard error is a terminal that can be redrawn."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in {None, "dumb"} and _size().lines >= _LOWEST


def _write(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _size() -> os.terminal_size:
    return shutil.get_terminal_size()


@contextmanager
def _live(organization: Organization, *, clock: Clock) -> Iterator[Report]:
    """Events draw at once, and the clock once a second."""
    view = _View(organization, clock=clock)
    try:
        yield view.apply
    finally:
        view.close()


class _View:
    """The board on a terminal, from the first event on."""

    def __init__(self, organization: Organization, *, clock: Clock) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.live import Live  # noqa: PLC0415

        self._organization = organization
        self._board = Board(organization)
        self._board_lock = threading.Lock()
        self._monotonic = clock.monotonic
        self._started = self._monotonic()
        self._console = Console(
            stderr=True, highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto"
        )
        self._display = Live(
            console=self._console,
            get_renderable=self._frame,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def apply(self, event: Event) -> None:
        """Apply an event; permanent lines are printed above the view."""
        with self._board_lock:  # never while rich draws: rich holds its own lock when it asks for a frame
            self._board.apply(event)
        self._display.start()
        kept = [line for line in event_lines(event, self._organization) if _stays(event, line)]
        if kept:
            self._console.print(_text(kept), soft_wrap=True)
        self._display.refresh()

    def close(self) -> None:
        """Remove the view; the lines above it stay."""
        self._display.stop()

    def _frame(self) -> RenderableType:
        width, height = self._console.size
        with self._board_lock:
            return _text(
                self._board.lines(width=width - 1, height=height - 1, elapsed=self._monotonic() - self._started)
            )


def _text(lines: Iterable[Line]) -> RenderableType:
    from rich.text import Text  # noqa: PLC0415

    return Text("\n").join(Text(line.text, style=_STYLES.get(line.tone, "")) for line in lines)


def _stays(event: Event, line: Line) -> bool:
    """Steps that ended, and failures in a stack; instances are in the view, and by cause in the summary."""
    if isinstance(event, StackProgress):
        return line.tone == "bad"
    return not isinstance(event, OperationProgress | OperationStarted | StepStarted) or isinstance(event, StepEnded)
