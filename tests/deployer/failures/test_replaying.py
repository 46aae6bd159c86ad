"""Replays: which time ranges are refused, how an earlier replay is found, and how waiting ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from deployer.errors import DeployerError, GuardError, ServiceError
from deployer.failures.replaying import ArchiveState, Replay, State, TimeRange, check, may_be_incomplete, start, wait
from tests.clocks import timeless

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ARCHIVE = ArchiveState(
    name="deployer-archive", events=7, bytes=9000, retention_days=30, created=NOW - timedelta(days=90)
)
HOUR = TimeRange(since=NOW - timedelta(hours=3), until=NOW - timedelta(hours=2))
NAME = "deployer-20261123T090000-20261123T100000"


@dataclass
class FakeArchive:
    """Replays that advance by one state each time they are described."""

    states: list[State] = field(default_factory=lambda: ["STARTING", "RUNNING", "COMPLETED"])
    replays: dict[str, Replay] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def describe(self) -> ArchiveState:
        return ARCHIVE

    def find_replay(self, name: str) -> Replay | None:
        known = self.replays.get(name)
        if known is None or known.has_ended:
            return known
        state = self.states.pop(0)
        self.replays[name] = replace(known, state=state, reached=HOUR.since if state == "RUNNING" else known.reached)
        return self.replays[name]

    def start_replay(self, name: str, time_range: TimeRange) -> None:
        assert time_range == HOUR
        self.started.append(name)
        self.replays[name] = Replay(name=name, state="STARTING")


REFUSED = {
    "an end before the start": (TimeRange(since=HOUR.until, until=HOUR.since), "is not before"),
    "an empty range": (TimeRange(since=HOUR.since, until=HOUR.since), "is not before"),
    "in the future": (TimeRange(since=HOUR.since, until=NOW + timedelta(seconds=1)), "is in the future"),
    "older than the retention of the archive": (
        TimeRange(since=NOW - timedelta(days=40), until=NOW - timedelta(days=30)),
        "no events from before 2026-10-24",
    ),
}


@pytest.mark.parametrize(("time_range", "words"), REFUSED.values(), ids=REFUSED)
def test_a_time_range_without_events_is_refused(time_range: TimeRange, words: str) -> None:
    with pytest.raises(GuardError, match=words):
        check(time_range, ARCHIVE, now=NOW)


def test_a_time_range_that_is_partly_archived_is_accepted() -> None:
    check(TimeRange(since=NOW - timedelta(days=40), until=NOW), ARCHIVE, now=NOW)
    check(HOUR, replace(ARCHIVE, retention_days=0), now=NOW)


def test_the_newest_ten_minutes_may_be_missing() -> None:
    assert may_be_incomplete(TimeRange(since=HOUR.since, until=NOW), now=NOW)
    assert not may_be_incomplete(HOUR, now=NOW)


def test_a_replay_is_named_after_its_time_range_and_waited_for() -> None:
    archive, reported, pauses = FakeArchive(), list[str](), list[float]()
    replay, is_new = start(archive, HOUR, prefix="deployer", again=False)
    done = wait(archive, replay, report=lambda one: reported.append(one.state), clock=timeless(pauses.append))
    assert (replay.name, is_new, done.state) == (NAME, True, "COMPLETED")
    assert reported == ["STARTING", "RUNNING", "COMPLETED"]
    assert len(pauses) == 2
    assert len(start(FakeArchive(), HOUR, prefix="p" * 20, again=False)[0].name) <= 64


def test_an_interrupted_command_finds_its_replay_again() -> None:
    archive = FakeArchive()
    start(archive, HOUR, prefix="deployer", again=False)
    replay, is_new = start(archive, HOUR, prefix="deployer", again=True)
    assert (replay.name, is_new, archive.started) == (NAME, False, [NAME])


@pytest.mark.parametrize(
    ("state", "again", "number"), [("COMPLETED", True, 2), ("FAILED", False, 2), ("CANCELLED", False, 2)]
)
def test_a_replay_that_ended_is_repeated_if_requested(state: State, again: bool, number: int) -> None:
    archive = FakeArchive(replays={NAME: Replay(name=NAME, state=state)})
    replay, is_new = start(archive, HOUR, prefix="deployer", again=again)
    assert (replay.name, is_new) == (f"{NAME}-{number}", True)


def test_a_completed_replay_is_not_repeated_by_default() -> None:
    archive = FakeArchive(replays={NAME: Replay(name=NAME, state="COMPLETED")})
    assert start(archive, HOUR, prefix="deployer", again=False) == (archive.replays[NAME], False)
    assert archive.started == []


def test_a_failed_replay_is_reported_with_its_reason() -> None:
    archive = FakeArchive(states=["RUNNING"], replays={NAME: Replay(name=NAME, state="FAILED", reason="no room")})
    with pytest.raises(ServiceError, match="is FAILED: no room") as raised:
        wait(archive, Replay(name=NAME, state="STARTING"), report=lambda one: None, clock=timeless())
    assert isinstance(raised.value, DeployerError)
    assert raised.value.next_step
