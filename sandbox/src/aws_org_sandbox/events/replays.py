"""Replays of archives: they send archived events to their bus again.

moto keeps replays; replaying is done here, because moto replays every event, of any time and to
every rule. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import unix_time
from moto.events.models import Archive, Replay, ReplayState

from aws_org_sandbox import background
from aws_org_sandbox.events import buses
from aws_org_sandbox.seams import on_reset, original, replace

Event = Mapping[str, Any]

_last_replayed: dict[str, float] = {}
"""By a replay's ARN, in seconds since 1970."""
on_reset(_last_replayed.clear)


@replace(Replay, "describe")
def _describe(replay: Replay) -> dict[str, Any]:
    """moto's description of a replay, with the time of the last replayed event."""
    described: dict[str, Any] = original(Replay, "describe")(replay)
    last = _last_replayed.get(replay.arn)
    return described if last is None else described | {"EventLastReplayedTime": last}


@replace(Replay, "replay_events")
def _start(replay: Replay, archive: Archive) -> None:
    """Send in the background, so that StartReplay returns STARTING as in AWS."""
    background.submit(_run, replay, archive)


def _run(replay: Replay, archive: Archive) -> None:
    replay.state = ReplayState.RUNNING
    bus = replay.destination["Arn"].rsplit("/", 1)[-1]
    for event in list(archive.events):
        if replay.state is not ReplayState.RUNNING:
            break
        if float(replay.event_start_time) <= _seconds(event) < float(replay.event_end_time):
            buses.receive(
                {**event, "replay-name": replay.name}, account=replay.account_id, region=replay.region, bus=bus
            )
            _last_replayed[replay.arn] = _seconds(event)
    replay.state = ReplayState.CANCELLED if replay.state is ReplayState.CANCELLING else ReplayState.COMPLETED
    replay.end_time = unix_time()


def _seconds(event: Event) -> float:
    return datetime.strptime(str(event["time"]), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
