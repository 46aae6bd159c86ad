"""AWS as it is for large organizations: each call takes its time, and too many calls a second are throttled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aws_org_sandbox.calls import Call
from aws_org_sandbox.faults import Delay, Fault, Throttle
from aws_org_sandbox.sandbox import Sandbox
from benchmarks.organizations.latency import LATENCY

BURST = 20


@dataclass
class Bucket:
    """A token bucket in real time."""

    per_second: float
    burst: float = BURST
    tokens: float = BURST
    updated: float = field(default_factory=time.monotonic)

    def refuses(self, _: Call) -> bool:
        """Take a token; True if there is none."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.updated) * self.per_second)
        self.updated = now
        if self.tokens < 1:
            return True
        self.tokens -= 1
        return False


@contextmanager
def limited(sandbox: Sandbox, *, rates: dict[str, float]) -> Iterator[None]:
    """Let calls take LATENCY, and throttle services or operations (`service:operation`) to calls a second."""
    faults = [Fault(effect=Delay(seconds=LATENCY))]
    for name, per_second in rates.items():
        service, _, operation = name.partition(":")
        refuses = Bucket(per_second).refuses
        faults.append(Fault(effect=Throttle(), service=service, operation=operation or None, when=refuses))
    for fault in faults:
        sandbox.faults.add(fault)
    try:
        yield
    finally:
        for fault in faults:
            sandbox.faults.remove(fault)
