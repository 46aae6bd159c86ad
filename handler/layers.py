"""Turns layers of plain data into frozen settings: the merge rules, and building dataclasses from the merged layer.

Pure and generic: it knows dataclasses, not the meaning of their fields. It trusts the data, which `deployer` validated.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar, get_args, get_origin, get_type_hints

from handler.json_values import JsonValue

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Layer = Mapping[str, JsonValue]
"""The content of one file: a part of `Settings` as plain data; None resets a key to the built-in default."""

Kind = TypeVar("Kind", bound="DataclassInstance")


def merge(layers: Iterable[Layer]) -> dict[str, JsonValue]:
    """All layers merged into one, the nearest last: maps merge, scalars and lists replace, None resets."""
    merged: dict[str, JsonValue] = {}
    for layer in layers:
        for key, value in layer.items():
            if value is None:
                merged.pop(key, None)
            elif isinstance(value, Mapping):
                below = merged.get(key)
                merged[key] = merge([below, value] if isinstance(below, Mapping) else [value])
            else:
                merged[key] = value
    return merged


def build(kind: type[Kind], layer: Layer) -> Kind:
    """A frozen dataclass of `kind`; keys missing in the layer get their defaults, unknown keys are dropped."""
    hints = _hints(kind)
    return kind(**{key: _value(hints[key], value) for key, value in layer.items() if key in hints})


def overlay(below: Kind, layer: Layer) -> Kind:
    """`below` with a layer merged over it: the same as building from both layers merged.

    `overlay(build(kind, a), b) == build(kind, merge([a, b]))` for all merged a and all b.
    """
    values: dict[str, object] = {}
    for item in fields(below):
        value = getattr(below, item.name)
        values[item.name] = _over(item, value, layer[item.name]) if item.name in layer else value
    return type(below)(**values)


def _over(item: Field[object], below: JsonValue, above: JsonValue) -> object:
    if above is None:
        return item.default if item.default_factory is MISSING else item.default_factory()
    if is_dataclass(below) and not isinstance(below, type):
        return overlay(below, above)
    if isinstance(above, Mapping):
        return merge([below, above])
    return tuple(above) if isinstance(above, list) else above


def _value(hint: object, value: JsonValue) -> object:
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return build(hint, value)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    return value


@cache
def _hints(kind: Hashable) -> dict[str, object]:
    """Types of the fields; resolving annotations takes longer than the rest of `build`."""
    return get_type_hints(kind)
