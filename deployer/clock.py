"""The clock that commands receive as an argument: the current time, and waiting. Tests pass another."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Sleep = Callable[[float], None]
"""Waits for seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`now` gives the time in UTC, `monotonic` seconds for measuring durations; `sleep` waits for seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Sleep


SYSTEM_CLOCK = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=time.sleep)
