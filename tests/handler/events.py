"""Events as EventBridge delivers them, from tests/events/, with the changes of a test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handler.events import FailedCall, parse
from handler.observed_calls import ObservedCall

_DIRECTORY = Path(__file__).parent.parent / "events"
MISSING = object()
"""A change that removes a key."""


def names() -> list[str]:
    """The names of all events."""
    return sorted(path.stem for path in _DIRECTORY.glob("*.json"))


def load(name: str = "push-by-a-role", changes: Mapping[str, Any] | None = None) -> Any:
    """An event; `changes` has a new value for each dotted path."""
    event = json.loads((_DIRECTORY / f"{name}.json").read_text())
    for path, value in (changes or {}).items():
        *parents, key = path.split(".")
        inner = event
        for parent in parents:
            inner[parent] = inner.get(parent) or {}
            inner = inner[parent]
        if value is MISSING:
            inner.pop(key, None)
        else:
            inner[key] = value
    return event


def observed(name: str = "creation-by-hand", changes: Mapping[str, Any] | None = None) -> ObservedCall:
    """The call in the event of a repository that was created or deleted."""
    parsed = parse(load(name, changes))
    assert isinstance(parsed, ObservedCall), parsed
    return parsed


def call(name: str = "push-by-a-role", changes: Mapping[str, Any] | None = None) -> FailedCall:
    """The call in such an event."""
    parsed = parse(load(name, changes))
    assert isinstance(parsed, FailedCall), parsed
    return parsed
