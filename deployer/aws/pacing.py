"""Paces hundreds of calls, so that AWS does not throttle them: a throttled call is one more call.

AWS throttles by token buckets: a burst passes, then so many calls a second. It publishes no rates for these calls. The
figures here are this project's choice: a rate that is too low makes commands slower, and one that is too high, or that
others use up, makes AWS throttle calls, which are retried as any other (session.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import NamedTuple

from deployer.clock import Clock


class Rate(NamedTuple):
    """Calls a second, after a burst."""

    per_second: float
    burst: int


RATES = {"organizations": Rate(5, 20), "cloudformation.ListStackInstances": Rate(10, 20)}
"""Rates of a service, or of one operation, for each client; chosen by this project."""


class Pacer:
    """A token bucket. Threads share it: each call reserves the next token."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._tokens = float(rate.burst)
        self._updated = clock.monotonic()

    def wait(self) -> None:
        """Return when the next call is within the rate."""
        with self._lock:
            now = self._clock.monotonic()
            refilled = self._tokens + (now - self._updated) * self._rate.per_second
            self._tokens = min(refilled, self._rate.burst) - 1
            self._updated = now
            pause = -self._tokens / self._rate.per_second
        if pause > 0:
            self._clock.sleep(pause)


def pacers(service: str, clock: Clock) -> Iterator[tuple[str, Callable[..., None]]]:
    """Handlers of botocore's events for one client of a service, by the event's name; retries are paced too."""
    for name, rate in RATES.items():
        if name.partition(".")[0] == service:
            yield f"request-created.{name}", _handler(Pacer(rate, clock))


def _handler(pacer: Pacer) -> Callable[..., None]:
    def wait(**_: object) -> None:
        pacer.wait()

    return wait
