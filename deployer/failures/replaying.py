"""Replaying the event archive for a range of time, and waiting until it is done; AWS is behind a Protocol.

A replay sends every archived event of the time to the central rule again, in the order of time. It is safe to repeat,
since the handler is idempotent. A replay is named after its time, so that a command that was interrupted finds its
own replay again instead of starting another.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from deployer.clock import Clock
from deployer.errors import GuardError, ServiceError
from deployer.polling import polls

State = Literal["STARTING", "RUNNING", "CANCELLING", "COMPLETED", "CANCELLED", "FAILED"]

ARCHIVE_DELAY = timedelta(minutes=10)
"""The longest that EventBridge may take to archive an event, by its documentation."""

MAX_REPLAYS = 100
"""The number of replays of the same time range that have separate names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """From `since`, included, to `until`, not included; both in UTC and whole seconds."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveState:
    """The archive: the number of its events, and the days that it keeps them (0 is unlimited)."""

    name: str
    events: int
    bytes: int
    retention_days: int
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The state of a replay; `reached` is the time of the event that was replayed last."""

    name: str
    state: State
    reason: str = ""
    reached: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in {"COMPLETED", "CANCELLED", "FAILED"}


class Archive(Protocol):
    """The event archive; `deployer.aws.archive` is the one that calls AWS."""

    def describe(self) -> ArchiveState: ...

    def find_replay(self, name: str) -> Replay | None: ...

    def start_replay(self, name: str, time_range: TimeRange) -> None: ...


def check(time_range: TimeRange, archive: ArchiveState, *, now: datetime) -> None:
    """Raise GuardError for a time whose events have expired, or have not occurred yet."""
    if time_range.since >= time_range.until:
        raise GuardError(
            f"--since {time_range.since:%Y-%m-%dT%H:%M:%SZ} is not before --until {time_range.until:%Y-%m-%dT%H:%M:%SZ}"
        )
    if time_range.until > now:
        raise GuardError(
            f"--until {time_range.until:%Y-%m-%dT%H:%M:%SZ} is in the future",
            next_step="Leave it out to replay up to now.",
        )
    oldest = now - timedelta(days=archive.retention_days) if archive.retention_days else archive.created
    if time_range.until <= oldest:
        raise GuardError(
            f"The archive {archive.name} has no events from before {oldest:%Y-%m-%dT%H:%M:%SZ}",
            next_step="`deployer audit list` shows what was recorded; pushing again raises a new event.",
        )


def may_be_incomplete(time_range: TimeRange, *, now: datetime) -> bool:
    """Whether the newest events of the time may be missing in the archive."""
    return now - time_range.until < ARCHIVE_DELAY


def start(archive: Archive, time_range: TimeRange, *, prefix: str, again: bool) -> tuple[Replay, bool]:
    """Start the replay of a time, or find the one that was started before: it, and whether it is a new one.

    A replay that failed or was cancelled is started again; a completed one only with `again`.
    """
    for number in range(1, MAX_REPLAYS):
        name = _name(time_range, prefix=prefix, number=number)
        known = archive.find_replay(name)
        if known is None:
            archive.start_replay(name, time_range)
            return Replay(name=name, state="STARTING"), True
        if not known.has_ended or (known.state == "COMPLETED" and not again):
            return known, False
    raise GuardError(f"This time was replayed {MAX_REPLAYS - 1} times", next_step="Choose a slightly different time.")


def _name(time_range: TimeRange, *, prefix: str, number: int) -> str:
    """At most 64 characters, and unique for 90 days, as EventBridge requires."""
    times = "-".join(f"{time:%Y%m%dT%H%M%S}" for time in (time_range.since, time_range.until))
    return f"{prefix}-{times}" + (f"-{number}" if number > 1 else "")


def wait(archive: Archive, replay: Replay, *, report: Callable[[Replay], None], clock: Clock) -> Replay:
    """Wait until a replay ends, reporting its progress; raises ServiceError if it failed."""
    reported: Replay | None = None
    for _ in polls(clock):
        replay = archive.find_replay(replay.name) or replay
        if replay != reported:
            report(replay)
            reported = replay
        if replay.has_ended:
            break
    if replay.state != "COMPLETED":
        raise ServiceError(
            f"The replay {replay.name} is {replay.state}{f': {replay.reason}' if replay.reason else ''}",
            next_step="Run the command again to start another; replaying an event twice is harmless.",
        )
    return replay
