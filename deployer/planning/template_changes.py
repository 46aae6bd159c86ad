"""How two templates differ, resource by resource, in the terms of a change set. Pure.

For StackSets, which have no change sets, and for stacks that do not exist yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deployer.stacks import ResourceChange
from handler.json_values import JsonValue


def is_same(before: str, after: str) -> bool:
    """Whether two template bodies are equal apart from formatting."""
    return before == after or _parsed(before) == _parsed(after)


def template_changes(before: str | None, after: str) -> tuple[ResourceChange, ...]:
    """Resources that are added, modified (with the properties that differ) and removed, by logical id."""
    old, new = _resources(before), _resources(after)
    return tuple(_changes(old, new))


def _changes(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> Iterator[ResourceChange]:
    for logical_id in sorted(old.keys() | new.keys()):
        if logical_id not in new:
            yield ResourceChange(action="Remove", logical_id=logical_id, type=old[logical_id]["Type"])
        elif logical_id not in old:
            yield ResourceChange(action="Add", logical_id=logical_id, type=new[logical_id]["Type"])
        elif details := tuple(_differing(old[logical_id], new[logical_id])):
            type_ = new[logical_id]["Type"]
            yield ResourceChange(action="Modify", logical_id=logical_id, type=type_, details=details)


def _differing(was: Mapping[str, JsonValue], is_: Mapping[str, JsonValue]) -> Iterator[str]:
    before, after = was.get("Properties", {}), is_.get("Properties", {})
    yield from (name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name))
    attributes = (was.keys() | is_.keys()) - {"Properties"}
    yield from (name for name in sorted(attributes) if was.get(name) != is_.get(name))


def _resources(body: str | None) -> Mapping[str, JsonValue]:
    parsed = _parsed(body) if body else None
    return parsed.get("Resources", {}) if isinstance(parsed, dict) else {}


def _parsed(body: str) -> JsonValue:
    """A template that is not JSON was not written by deployer: its text is compared."""
    try:
        return json.loads(body)
    except ValueError:
        return body
