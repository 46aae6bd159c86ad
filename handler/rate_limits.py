"""A limit for each caller of the function URL: a token bucket, in the memory of the function.

Each container has its own buckets, and Lambda gives a container one request at a time. So a caller that sends N
requests in parallel has N times the limit, and `handler: {reserved_concurrency: …}` limits N. Times come from a wall
clock, for the reason that `handler.concurrency` gives.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from math import ceil
from threading import Lock

CAPACITY = 200
"""Maximum repositories that a caller can request at once."""
PER_SECOND = 10.0
"""Repositories that a caller can request each second after that."""
MAX_CALLERS = 4096
"""Maximum callers in memory; the least recently seen is dropped first."""


class RateLimits:
    """The buckets of all callers."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, caller: str, number: int) -> int:
        """Take tokens for a number of repositories, at most CAPACITY; returns 0, or the seconds until then."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(caller, (float(CAPACITY), now))
            elapsed = max(0.0, (now - since).total_seconds())
            tokens = min(float(CAPACITY), tokens + elapsed * PER_SECOND)
            is_enough = tokens >= number
            self._buckets[caller] = (tokens - number if is_enough else tokens, now)
            if len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return 0 if is_enough else ceil((number - tokens) / PER_SECOND)
