"""Events as EventBridge delivers them, from tests/events/, with what a test wants to be different."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handler.events import FailedCall, parse

_DIRECTORY = Path(__file__).parent.parent / "events"
MISSING = object()
"""A change that takes a key away."""


def names() -> list[str]:
    """Every event that there is."""
    return sorted(path.stem for path in _DIRECTORY.glob("*.json"))


def load(name: str = "push-by-a-role", changes: Mapping[str, Any] | None = None) -> Any:
    """An event; `changes` has a value for each dotted path that is to differ."""
    event = json.loads((_DIRECTORY / f"{name}.json").read_text())
    for path, value in (changes or {}).items():
        *parents, key = path.split(".")
        inner = event
        for parent in parents:
            inner = inner.setdefault(parent, {})
        if value is MISSING:
            inner.pop(key, None)
        else:
            inner[key] = value
    return event


def call(name: str = "push-by-a-role", changes: Mapping[str, Any] | None = None) -> FailedCall:
    """The call that such an event is about."""
    parsed = parse(load(name, changes))
    assert isinstance(parsed, FailedCall), parsed
    return parsed
