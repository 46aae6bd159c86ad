"""Archives of an event bus, and replays of what is in them.

moto keeps archives and replays; what an archive takes in and what a replay sends is done here, because moto matches an
archive by a hidden rule of its own, and replays everything, whenever it happened and to every rule.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import unix_time
from moto.events.models import Archive, EventBus, Replay, ReplayState, events_backends

from aws_org_sandbox import background
from aws_org_sandbox.events import patterns
from aws_org_sandbox.seams import on_reset, original, replace

Event = Mapping[str, Any]


def store(event: Event, *, bus: EventBus) -> None:
    """Put an event into every archive of its bus that wants it; a replayed event is not archived again."""
    if "replay-name" in event:
        return
    for archive in list(events_backends[bus.account_id][bus.region].archives.values()):
        if archive.event_bus_name == bus.name and _wants(archive, event):
            archive.events.append(dict(event))  # type: ignore[arg-type]


def rules_of_replay(event: Event, *, bus: EventBus) -> frozenset[str]:
    """ARNs of the rules that a replayed event is meant for; none named means every rule."""
    replay = events_backends[bus.account_id][bus.region].replays.get(event["replay-name"])
    return frozenset(replay.destination.get("FilterArns") or ()) if replay else frozenset()


def _wants(archive: Archive, event: Event) -> bool:
    pattern = archive.event_pattern.dump()
    return not pattern or patterns.parse(pattern).matches(event)


_last_replayed: dict[str, float] = {}
"""By a replay's ARN, in seconds since 1970."""
on_reset(_last_replayed.clear)


@replace(Replay, "describe")
def _describe(replay: Replay) -> dict[str, Any]:
    """What moto says of a replay, and the time of the event that was replayed last."""
    described: dict[str, Any] = original(Replay, "describe")(replay)
    last = _last_replayed.get(replay.arn)
    return described if last is None else described | {"EventLastReplayedTime": last}


@replace(Replay, "replay_events")
def _start(replay: Replay, archive: Archive) -> None:
    """Send in the background, so that StartReplay answers STARTING as it does in AWS."""
    background.submit(_run, replay, archive)


def _run(replay: Replay, archive: Archive) -> None:
    from aws_org_sandbox.events import buses  # noqa: PLC0415 - buses store into archives, which replay to buses

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
