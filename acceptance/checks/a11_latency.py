"""A11: CloudTrail's events arrive within 15 minutes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab
from acceptance.rigs.events import push
from handler.creation import LATE


def run(lab: Lab) -> Finding:
    """The time from the push, as recorded by CloudTrail, to its event in the member's queue."""
    message = push(lab).message
    happened = datetime.fromisoformat(message.event["detail"]["eventTime"])
    took = message.received - happened
    times: dict[str, Any] = {
        "event_time": happened.isoformat(),
        "received": message.received.isoformat(),
        "seconds": took.total_seconds(),
    }
    if took > LATE:
        return refuted(f"The event took {took.total_seconds():.0f} s", **times)
    return held(f"The event took {took.total_seconds():.0f} s; one push proves no upper limit", **times)


CHECK = Check(
    number=11,
    title="CloudTrail's events arrive within 15 minutes",
    run=run,
    creates=("member: a stack of a rule and a queue",),
    minutes=6,
    altered_by="EVENTS_LATE",
)
