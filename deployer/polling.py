"""Intervals for polling AWS: short at first, then longer and longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

Sleep = Callable[[float], None]

FIRST = 0.05
GROWTH = 1.5
LONGEST = 10.0


def looks(sleep: Sleep, *, clock: Callable[[], float] = time.monotonic, limit: float | None = None) -> Iterator[None]:
    """Yield for each poll, without end or until this many seconds have passed.

    Polling takes at most a fifth of the time, however many pages a poll reads.
    """
    interval, waited = FIRST, 0.0
    while limit is None or waited < limit:
        before = clock()
        yield
        pause = max(interval, 4 * (clock() - before))
        sleep(pause)
        waited += pause
        interval = min(interval * GROWTH, LONGEST)
