"""One line of JSON for each event, with the duration of each step.

Every line is ASCII: a hostile name or user agent cannot end the line, forge another one, or send control characters to
a terminal. Metric filters and dashboards read these fields, so they are as stable as the reason codes.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

WATCHED = "watched"
"""The outcome in log lines of the watch (`handler.watch`); log lines of the handler have the ledger's outcomes."""


INSPECTED = "inspected"
"""The outcome in the log lines of the watch's inspection (`handler.daily_inspection`)."""


def quiet_libraries() -> None:
    """Keep botocore's INFO messages ("Found credentials in environment variables.") out of the log; keep its warnings.

    Lambda's runtime logs every message of Python's `logging` from level INFO up.
    """
    logging.getLogger("botocore").setLevel(logging.WARNING)


class Steps:
    """Milliseconds by step; the times of a repeated step add up."""

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
        """Each step so far, and `total` since the start."""
        seconds = self._seconds | {"total": self._clock() - self._began}
        return {name: round(value * 1000, 1) for name, value in seconds.items()}


def line(fields: dict[str, object]) -> str:
    """One line of JSON; fields without a value are omitted."""
    text = json.dumps({key: value for key, value in fields.items() if value not in (None, "")}, default=str)
    return text.replace("\x7f", "\\u007f")


def write(fields: dict[str, object]) -> None:
    """Write one line to Lambda's log, in a single write."""
    sys.stdout.write(line(fields) + "\n")
    sys.stdout.flush()
