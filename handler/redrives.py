"""What a redrive adds to an event, and what it has to fit: by then the event has been in somebody's queue.

EventBridge vouches for an event that it delivers. A dead-letter queue of a member belongs to that account, whose
administrators may put a message of their own making there. One thing in it they cannot choose: when SQS received it
(SentTimestamp). So a redrive passes that time on, and an event counts only if its call may have been given up then.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

MARK = "deployer-redrive"
"""Key of an event's envelope; only a redrive sets it, since EventBridge writes the envelopes of its own deliveries."""

GIVEN_UP_WITHIN = timedelta(hours=25)
"""EventBridge tries to deliver an event for a day; CloudTrail takes its time before."""
CLOCKS_DIFFER = timedelta(minutes=5)


def marked(event: Any, *, sent: datetime, from_member: bool) -> Any:
    """The event as a redrive hands it over; `sent` is when SQS received its message.

    A mark in the central queue is an earlier redrive's and stays. In a member's queue it is nobody's and is replaced.
    """
    if not isinstance(event, Mapping) or (MARK in event and not from_member):
        return event
    time = f"{sent.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {**event, MARK: {"sent": time, "queue": "member" if from_member else "central"}}


def unmarked(event: Any) -> Any:
    """The event as EventBridge delivered it."""
    if not isinstance(event, Mapping) or MARK not in event:
        return event
    return {key: value for key, value in event.items() if key != MARK}


def misfit(event_time: datetime, *, sent: datetime, from_member: bool) -> str | None:
    """Why a call of this time cannot be what SQS received then; None if it can.

    The central queue also holds replayed events, which may be as old as the archive.
    """
    if event_time > sent + CLOCKS_DIFFER:
        return f"its call is of {event_time:%Y-%m-%dT%H:%M:%SZ}, after SQS received it"
    if from_member and event_time < sent - GIVEN_UP_WITHIN:
        return f"its call is of {event_time:%Y-%m-%dT%H:%M:%SZ}, more than {_hours()} hours before SQS received it"
    return None


def _hours() -> int:
    return int(GIVEN_UP_WITHIN / timedelta(hours=1))
