"""The origin of each effective value: the merge of handler/layers.py, over source locations instead of values.

Values are never merged here: `handler.settings` does that, for the Lambda and for `explain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deployer.settings.layer_file import LayerFile
from deployer.settings.yaml_source import KeyPath


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The source location that set a value."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Origins by key path. `set_by` has every leaf that a file sets; `reset_by` every null that restored a default."""

    set_by: Mapping[KeyPath, Origin]
    reset_by: Mapping[KeyPath, Origin]

    def of(self, path: KeyPath) -> Origin | None:
        """The origin of a value or of a parent; None for the built-in default, also after a reset."""
        return _nearest(self.set_by, path)

    def reset_of(self, path: KeyPath) -> Origin | None:
        """The null that reset a value, or a parent, to the built-in default."""
        return _nearest(self.reset_by, path)


def _nearest(origins: Mapping[KeyPath, Origin], path: KeyPath) -> Origin | None:
    while path:
        if path in origins:
            return origins[path]
        path = path[:-1]
    return None


def provenance(layers: Iterable[LayerFile]) -> Provenance:
    """Follow the layers from the defaults' down to the account's."""
    set_by: dict[KeyPath, Origin] = {}
    reset_by: dict[KeyPath, Origin] = {}
    for layer in layers:
        _follow(layer, layer.layer, (), set_by=set_by, reset_by=reset_by)
    return Provenance(set_by, reset_by)


def _follow(
    layer: LayerFile,
    values: Mapping[str, object],
    at: KeyPath,
    *,
    set_by: dict[KeyPath, Origin],
    reset_by: dict[KeyPath, Origin],
) -> None:
    for key, value in values.items():
        path = (*at, key)
        if isinstance(value, Mapping):
            set_by.pop(path, None)
            reset_by.pop(path, None)
            _follow(layer, value, path, set_by=set_by, reset_by=reset_by)
            continue
        _forget(path, set_by)
        _forget(path, reset_by)
        if value is None:
            reset_by[path] = _origin(layer, path)
        else:
            set_by.update({inner: _origin(layer, inner) for inner in _leaves(value, path)})


def _forget(path: KeyPath, origins: dict[KeyPath, Origin]) -> None:
    for known in [known for known in origins if known[: len(path)] == path]:
        del origins[known]


def _leaves(value: object, path: KeyPath) -> list[KeyPath]:
    """The path of a list, and of each value in it."""
    if isinstance(value, list):
        return [path, *(leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index)))]
    if isinstance(value, Mapping):
        return [path, *(leaf for key, item in value.items() for leaf in _leaves(item, (*path, key)))]
    return [path]


def _origin(layer: LayerFile, path: KeyPath) -> Origin:
    at = layer.position(path)
    return Origin(layer.file, at.line, at.column)
