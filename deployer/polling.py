"""Intervals for polling AWS: short at first, then longer and longer."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.clock import Clock

FIRST = 0.05
GROWTH = 1.5
LONGEST = 10.0


def polls(clock: Clock, *, limit: float | None = None) -> Iterator[None]:
    """Yield for each poll, without end or until this many seconds have passed.

    Polling takes at most a fifth of the time, however many pages a poll reads.
    """
    interval, waited = FIRST, 0.0
    while limit is None or waited < limit:
        before = clock.monotonic()
        yield
        pause = max(interval, 4 * (clock.monotonic() - before))
        clock.sleep(pause)
        waited += pause
        interval = min(interval * GROWTH, LONGEST)
