"""The mark that a redrive adds to an event, and the check of its time.

EventBridge guarantees the events that it delivers itself. A member's dead-letter queue belongs to that account, and its
administrators can send forged messages to it. They cannot choose when SQS received a message (SentTimestamp). So a
redrive passes that time on, and an event is only accepted if EventBridge can have given up its delivery at that time.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

MARK = "deployer-redrive"
"""Key in an event's envelope. Only a redrive can set it: EventBridge creates the envelopes of events it delivers."""

MAX_DELIVERY_TIME = timedelta(hours=25)
"""EventBridge retries the delivery of an event for one day; before that, CloudTrail's delivery takes some minutes."""
MAX_CLOCK_SKEW = timedelta(minutes=5)


def marked(event: object, *, sent: datetime, from_member: bool) -> object:
    """The event with the mark of a redrive; `sent` is when SQS received its message.

    A mark on an event in the central queue is from an earlier redrive and is kept; in a member's queue it is forged and
    is replaced.
    """
    if not isinstance(event, Mapping) or (MARK in event and not from_member):
        return event
    time = f"{sent.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {**event, MARK: {"sent": time, "queue": "member" if from_member else "central"}}


def unmarked(event: object) -> object:
    """The event as EventBridge delivered it."""
    if not isinstance(event, Mapping) or MARK not in event:
        return event
    return {key: value for key, value in event.items() if key != MARK}


def time_conflict(event_time: datetime, *, sent: datetime, from_member: bool) -> str | None:
    """Why a call at this time contradicts the time when SQS received its message; None if it does not.

    The central queue also holds replayed events, which may be as old as the archive.
    """
    if event_time > sent + MAX_CLOCK_SKEW:
        return f"the call was made at {event_time:%Y-%m-%dT%H:%M:%SZ}, after SQS received the message"
    if from_member and event_time < sent - MAX_DELIVERY_TIME:
        made_at = f"{event_time:%Y-%m-%dT%H:%M:%SZ}"
        return f"the call was made at {made_at}, more than {_hours()} hours before SQS received the message"
    return None


def _hours() -> int:
    return int(MAX_DELIVERY_TIME / timedelta(hours=1))
