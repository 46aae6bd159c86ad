"""The shapes of properties, checked and coerced before any call.

CloudFormation refuses unknown keys and accepts "60" for a number. The sandbox also refuses
properties that AWS supports and the sandbox does not. If they were skipped, tests would pass without their effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""The placeholder in a change set for a value that is only known after the change is executed."""

STRING = "string"
INTEGER = "integer"
BOOLEAN = "boolean"
NUMBER = "number"
DOCUMENT = "document"
"""Free JSON: a policy or a pattern. A string that contains JSON is parsed."""
TEXT_MAP = "map of strings"
TAGS = [{"Key": STRING, "Value": STRING}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string that its type's schema limits: lengths in characters, a pattern, or the allowed values."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list that its type's schema limits, of elements in any leaf or shape."""

    element: Any
    least: int = 0
    most: int | None = None
    unique: bool = False


Shape = Mapping[str, Any]
"""Property name to a leaf above, a nested shape, or a list of one element. A name that ends with `!` is required."""


class ShapeError(Exception):
    """Properties that CloudFormation or the sandbox refuses; the text is the reason."""


@dataclass(frozen=True, slots=True)
class _At:
    path: str = "#"

    def below(self, name: object) -> _At:
        return _At(f"{self.path}/{name}")


def conform(properties: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The properties with every leaf in its own type; raises ShapeError in CloudFormation's words."""
    return _object(properties, shape, _At())


def _object(value: Any, shape: Shape, at: _At) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ShapeError(f"{at.path}: expected type: JSONObject, found: {type(value).__name__}")
    leaves = {name.rstrip("!"): leaf for name, leaf in shape.items()}
    for name in value:
        if name not in leaves:
            raise ShapeError(f"{at.path}: extraneous key [{name}] is not permitted")
    for name in shape:
        if name.endswith("!") and name[:-1] not in value:
            raise ShapeError(f"{at.path}: required key [{name[:-1]}] not found")
    return {name: _value(item, leaves[name], at.below(name)) for name, item in value.items()}


def _value(value: Any, leaf: Any, at: _At) -> Any:
    if isinstance(leaf, Mapping):
        return _object(value, leaf, at)
    if isinstance(leaf, Text):
        return _limited_text(_string(value, at), leaf, at)
    if isinstance(leaf, Items):
        items: list[Any] = _value(value, [leaf.element], at)
        return _limited_items(items, leaf, at)
    if isinstance(leaf, list):
        if not isinstance(value, list):
            raise ShapeError(f"{at.path}: expected type: JSONArray, found: {type(value).__name__}")
        return [_value(item, leaf[0], at.below(index)) for index, item in enumerate(value)]
    if leaf == TEXT_MAP:
        return {str(key): _value(item, STRING, at.below(key)) for key, item in _mapping(value, at).items()}
    return {STRING: _string, INTEGER: _integer, NUMBER: _number, BOOLEAN: _boolean, DOCUMENT: _document}[leaf](
        value, at
    )


def _limited_text(value: str, leaf: Text, at: _At) -> str:
    """Values that are only known after the deployment begins are checked then."""
    if KNOWN_AFTER_APPLY in value:
        return value
    if len(value) < leaf.least:
        raise ShapeError(f"{at.path}: expected minLength: {leaf.least}, actual: {len(value)}")
    if leaf.most is not None and len(value) > leaf.most:
        raise ShapeError(f"{at.path}: expected maxLength: {leaf.most}, actual: {len(value)}")
    if leaf.pattern is not None and not re.search(leaf.pattern, value):
        raise ShapeError(f"{at.path}: string [{value}] does not match pattern {leaf.pattern}")
    if leaf.values and value not in leaf.values:
        raise ShapeError(f"{at.path}: {value} is not a valid enum value")
    return value


def _limited_items(value: list[Any], leaf: Items, at: _At) -> list[Any]:
    if len(value) < leaf.least:
        raise ShapeError(f"{at.path}: expected minimum item count: {leaf.least}, found: {len(value)}")
    if leaf.most is not None and len(value) > leaf.most:
        raise ShapeError(f"{at.path}: expected maximum item count: {leaf.most}, found: {len(value)}")
    if leaf.unique and any(item in value[:index] for index, item in enumerate(value)):
        raise ShapeError(f"{at.path}: array items are not unique")
    return value


def _mapping(value: Any, at: _At) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ShapeError(f"{at.path}: expected type: JSONObject, found: {type(value).__name__}")
    return value


def _string(value: Any, at: _At) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ShapeError(f"{at.path}: expected type: String, found: {type(value).__name__}")


def _integer(value: Any, at: _At) -> int:
    if not isinstance(value, bool):
        try:
            return int(value)
        except (TypeError, ValueError):
            pass
    raise ShapeError(f"{at.path}: expected type: Number, found: {value!r}")


def _number(value: Any, at: _At) -> float:
    if not isinstance(value, bool):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise ShapeError(f"{at.path}: expected type: Number, found: {value!r}")


def _boolean(value: Any, at: _At) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return bool(value == "true")
    raise ShapeError(f"{at.path}: expected type: Boolean, found: {value!r}")


def _document(value: Any, at: _At) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ShapeError(f"{at.path}: not JSON: {error}") from error
