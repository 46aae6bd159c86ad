"""Progress while it happens, to standard error: a view that is redrawn on a terminal, plain or JSON lines elsewhere.

The view is written over in place, line by line, and never erased first, so nothing flickers; what is worth keeping
scrolls above it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from deployer.organization import Organization
from deployer.rendering.board import Board
from deployer.rendering.events import event_lines
from deployer.rendering.events_json import event_document
from deployer.rendering.text import Line
from deployer.rollout.progress import (
    Event,
    OperationProgress,
    OperationStarted,
    Report,
    StackProgress,
    StepEnded,
    StepStarted,
)

_COLOURS = {"heading": "1", "add": "32", "change": "33", "remove": "1;31", "bad": "31", "quiet": "2"}
_TICK = 1.0
_LOWEST = 6
"""Lines that a terminal has to have for the view."""


@contextmanager
def reporter(organization: Organization, *, as_json: bool = False) -> Iterator[Report]:
    """Where events go while a roll-out runs."""
    if as_json:
        yield lambda event: _write(json.dumps(event_document(event, organization), ensure_ascii=False))
    elif is_live():
        with _live(organization) as report:
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
def _live(organization: Organization) -> Iterator[Report]:
    """Events draw at once, and the clock once a second."""
    view = _View(Board(organization), organization, sys.stderr)
    stopped = threading.Event()
    ticker = threading.Thread(target=_tick, args=(view.draw, stopped), daemon=True)
    ticker.start()
    try:
        yield view.hear
    finally:
        stopped.set()
        ticker.join()
        view.close()


def _tick(draw: Callable[[], None], stopped: threading.Event) -> None:
    while not stopped.wait(_TICK):
        draw()


class _View:
    def __init__(self, board: Board, organization: Organization, stream: TextIO) -> None:
        self._board = board
        self._organization = organization
        self._stream = stream
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._height = 0
        self._is_open = False

    def hear(self, event: Event) -> None:
        """Take in an event; what stays goes above the view."""
        with self._lock:
            self._board.hear(event)
            self._is_open = True
            kept = [line for line in event_lines(event, self._organization) if _stays(event, line)]
            self._draw(above=kept)

    def draw(self) -> None:
        with self._lock:
            if self._is_open:
                self._draw()

    def close(self) -> None:
        """Take the view away; what is above it stays."""
        with self._lock:
            self._stream.write(f"{self._to_top()}\x1b[J")
            self._stream.flush()
            self._height = 0
            self._is_open = False

    def _draw(self, above: Iterable[Line] = ()) -> None:
        size = _size()
        lines = self._board.lines(
            width=size.columns - 1, height=size.lines - 1, elapsed=time.monotonic() - self._started
        )
        text = "".join(f"{_styled(line)}\x1b[K\n" for line in [*above, *lines])
        self._stream.write(f"{self._to_top()}{text}\x1b[J")
        self._stream.flush()
        self._height = len(lines)

    def _to_top(self) -> str:
        return f"\x1b[{self._height}F" if self._height else ""


def _styled(line: Line) -> str:
    colour = _COLOURS.get(line.tone)
    return line.text if colour is None or os.environ.get("NO_COLOR") else f"\x1b[{colour}m{line.text}\x1b[0m"


def _stays(event: Event, line: Line) -> bool:
    """Steps that ended, and what went wrong in a stack; instances are in the view, and by cause in the summary."""
    if isinstance(event, StackProgress):
        return line.tone == "bad"
    return not isinstance(event, OperationProgress | OperationStarted | StepStarted) or isinstance(event, StepEnded)
