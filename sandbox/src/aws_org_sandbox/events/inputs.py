"""The payload of a target: the event, a part (InputPath), a constant (Input) or a template (InputTransformer). Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

SHAPING_KEYS = ("Input", "InputPath", "InputTransformer")
"""The keys of a target that change its payload; none is available for an event bus in another account."""

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
_QUOTE = re.compile(r'(?<!\\)"')
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


class InputError(ValueError):
    """A template that does not produce JSON for this event, or an invalid path."""


def shape(event: Mapping[str, Any], target: Mapping[str, Any], *, rule_arn: str, ingestion_time: str) -> str:
    """The payload for `target`, as text; raises InputError if a template produces no JSON."""
    if (constant := target.get("Input")) is not None:
        return str(constant)
    if (path := target.get("InputPath")) is not None:
        found = look_up(event, path)
        return json.dumps(None if found is _MISSING else found)
    if (transformer := target.get("InputTransformer")) is not None:
        return _fill(event, transformer, rule_arn=rule_arn, ingestion_time=ingestion_time)
    return json.dumps(event)


def look_up(event: Mapping[str, Any], path: str) -> Any:
    """The value of a path (`$.detail.eventName`); supports names, `['name']` and `[0]`, not wildcards or filters."""
    if not path.startswith("$"):
        raise InputError(f"Invalid path {path}: it must begin with $")
    rest, value = path[1:], event
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise InputError(f"Invalid path {path}")
        value = _step(value, step)
        rest = rest[step.end() :]
    return value


def _step(value: Any, step: re.Match[str]) -> Any:
    name, index = step[1] or step[3], step[2]
    if name is not None:
        return value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    return value[int(index)] if isinstance(value, list) and int(index) < len(value) else _MISSING


def _fill(event: Mapping[str, Any], transformer: Mapping[str, Any], *, rule_arn: str, ingestion_time: str) -> str:
    """The template with its placeholders filled in: unquoted inside a JSON string, else as JSON.

    EventBridge does not escape values, so a quote in a value ends the surrounding string.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-issues
    """
    values = {name: look_up(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": ingestion_time,
        "aws.events.event.json": dict(event),
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
    }

    template = str(transformer["InputTemplate"])

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match[1], _MISSING)
        if value is _MISSING:
            return ""
        is_in_string = len(_QUOTE.findall(template, 0, match.start())) % 2 == 1
        if is_in_string:
            return value if isinstance(value, str) else json.dumps(value).replace('"', "")
        return json.dumps(value)

    filled = _PLACEHOLDER.sub(value_of, template)
    try:
        json.loads(filled)
    except json.JSONDecodeError as error:
        raise InputError(f"The input template gives no JSON for this event: {error}") from error
    return filled
