"""Compose files as values: YAML with the tags of compose, and how one file is merged over another. Pure.

https://docs.docker.com/reference/compose-file/merge/
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import yaml

from deployer.errors import ConfigurationError
from handler.json_values import JsonValue


@dataclass(frozen=True, slots=True)
class Reset:
    """`!reset`: the value is removed."""


@dataclass(frozen=True, slots=True)
class Override:
    """`!override`: the value replaces the one below it instead of being merged into it."""

    value: object


class _Loader(yaml.SafeLoader):
    """Refuses duplicate keys, as compose does; YAML libraries keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [(key.tag, key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for index, (tag, key) in enumerate(keys) if (tag, key) in keys[:index] and key != "<<"), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)

    def reset(self, _node: yaml.Node) -> Reset:
        return Reset()

    def override(self, node: yaml.Node) -> Override:
        if isinstance(node, yaml.MappingNode):
            return Override(self.construct_mapping(node, deep=True))
        if isinstance(node, yaml.SequenceNode):
            return Override(self.construct_sequence(node, deep=True))
        return Override(self.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None)


_Loader.add_constructor("!reset", _Loader.reset)
_Loader.add_constructor("!override", _Loader.override)


def documents_of(path: PurePath, text: str) -> Iterator[Mapping[str, object]]:
    """The documents of a compose file that are not empty; JSON is YAML. Raises ConfigurationError naming the file."""
    try:
        for document in yaml.load_all(text, Loader=_Loader):
            if document is None:
                continue
            if not isinstance(document, dict):
                raise ConfigurationError(
                    f"{path}: not a compose file: it has no `services`", next_step="Give a bake or compose file."
                )
            yield document
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"{path}: not YAML: {error}", next_step="Correct the file.") from error


def merged(base: JsonValue, over: JsonValue) -> JsonValue:
    """One value with another merged over it: maps by key, lists one after the other, null changes nothing."""
    if isinstance(over, dict) and isinstance(base, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}
    if isinstance(over, list) and isinstance(base, list):
        return base + over
    if over is None:
        return base
    return _alone(over)


def _alone(value: JsonValue) -> JsonValue:
    """A value that is not merged over another."""
    match value:
        case Reset():
            return None
        case Override(inner):
            return inner
        case dict():
            return {key: _alone(item) for key, item in value.items()}
    return value
