"""Archives of an event bus: which events they store, and which rules a replay of them applies to.

moto keeps archives; events are stored here, because moto matches an archive by a hidden rule of its own.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.events.models import Archive, EventBus, events_backends

from aws_org_sandbox.events import patterns

Event = Mapping[str, Any]


def store(event: Event, *, bus: EventBus) -> None:
    """Put an event into every matching archive of its bus; a replayed event is not archived again."""
    if "replay-name" in event:
        return
    for archive in list(events_backends[bus.account_id][bus.region].archives.values()):
        if archive.event_bus_name == bus.name and _wants(archive, event):
            archive.events.append(dict(event))  # type: ignore[arg-type]


def rules_of_replay(event: Event, *, bus: EventBus) -> frozenset[str]:
    """ARNs of the rules that a replayed event is sent to; an empty list means every rule."""
    replay = events_backends[bus.account_id][bus.region].replays.get(event["replay-name"])
    return frozenset(replay.destination.get("FilterArns") or ()) if replay else frozenset()


def _wants(archive: Archive, event: Event) -> bool:
    pattern = archive.event_pattern.dump()
    return not pattern or patterns.parse(pattern).matches(event)
