"""One line of JSON for each event, and how long each step of it took.

Every line is ASCII: whatever a stranger put into a name or a user agent, it cannot end the line, forge another one, or
reach a terminal. Metric filters and dashboards read these fields, so they are as stable as the reason codes.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

WATCHED = "watched"
"""The outcome on the lines of the watch (`handler.watch`); those of the handler have the ledger's outcomes."""


def quiet_libraries() -> None:
    """Keep botocore's remarks ("Found credentials in environment variables.") out of the log; its warnings stay.

    Lambda's runtime logs whatever Python's `logging` is told, from INFO on.
    """
    logging.getLogger("botocore").setLevel(logging.WARNING)


class Steps:
    """Milliseconds by step; a step that is taken twice adds up."""

    def __init__(self, *, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + self._clock() - began

    @property
    def milliseconds(self) -> dict[str, float]:
        """Each step so far, and `total` since the beginning."""
        seconds = self._seconds | {"total": self._clock() - self._began}
        return {name: round(value * 1000, 1) for name, value in seconds.items()}


def line(fields: dict[str, Any]) -> str:
    """One line of JSON; fields without a value are left out."""
    text = json.dumps({key: value for key, value in fields.items() if value not in (None, "")}, default=str)
    return text.replace("\x7f", "\\u007f")


def write(fields: dict[str, Any]) -> None:
    """Write one line to Lambda's log, in one piece."""
    sys.stdout.write(line(fields) + "\n")
    sys.stdout.flush()
