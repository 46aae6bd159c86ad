"""Clocks for commands that run in a test's own process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from deployer.clock import SYSTEM_CLOCK, Clock


def impatient(longest: float = 0.05) -> Clock:
    """The real time, but each wait ends after so many seconds: half of a roll-out was idle waiting."""
    return replace(SYSTEM_CLOCK, sleep=lambda seconds: time.sleep(min(seconds, longest)))


def timeless(sleep: Callable[[float], None] = lambda _: None) -> Clock:
    """The real time, but waiting takes none: `sleep` receives the seconds."""
    return replace(SYSTEM_CLOCK, sleep=sleep)
