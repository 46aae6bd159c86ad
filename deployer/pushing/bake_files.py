"""The images that the targets of bake files push: https://docs.docker.com/build/bake/reference/. Pure.

Only what names images is evaluated: the tags of a target, its registry caches, and its outputs that push. Every target
counts, whatever group a build names.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from deployer.errors import ConfigurationError
from deployer.pushing.bake_blocks import Attributes, BakeFile
from deployer.pushing.build_outputs import images_of_cache, images_of_output
from deployer.pushing.hcl import Scope
from deployer.pushing.hcl_functions import UNKNOWN, HclError, Value, number_of, text_of
from deployer.pushing.interpolation import LET_THE_CLIENT_READ_IT

_OF_IMAGES: Final = ("tags", "cache-to", "output")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def images_of_bake(path: PurePath, bake: BakeFile, environment: Mapping[str, str]) -> Iterator[str]:
    """Every image that a target pushes, also the caches in registries.

    Variables get their values from the environment, else their defaults, which may name each other in any order.
    Raises ConfigurationError naming the target if an expression has no value here: a guess would create a wrong
    repository.
    """
    if not bake.targets:
        raise ConfigurationError(
            f"{path}: not a bake file: it has no `target`", next_step="Give a bake or compose file."
        )
    names = Names(bake=bake, environment=environment)
    for name in bake.targets:
        try:
            yield from names.images_of(name)
        except (HclError, RecursionError) as error:
            reason = "its expressions are nested too deeply" if isinstance(error, RecursionError) else error
            raise ConfigurationError(f"{path}: target {name}: {reason}", next_step=LET_THE_CLIENT_READ_IT) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A target as it is built: one of a matrix has the values of its combination."""

    attributes: Attributes
    scope: Scope


@dataclass(slots=True, kw_only=True)
class Names:
    """What the names in bake files stand for, each evaluated when it is first needed."""

    bake: BakeFile
    environment: Mapping[str, str]
    _values: dict[str, Value] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def images_of(self, name: str) -> Iterator[str]:
        for _, target in self._built(name):
            values = self._values_of(target, inheriting=())
            tags = (text_of(tag) for tag in _items(values, "tags"))
            caches = (image for cache in _items(values, "cache-to") for image in images_of_cache(cache))
            outputs = (image for output in _items(values, "output") for image in images_of_output(output))
            yield from (_without_unknown_tag(image) for image in (*tags, *caches, *outputs) if image)

    def _built(self, name: str) -> Iterator[tuple[str, _Target]]:
        """The targets that a block makes, by their names: one, or one for each combination of its matrix."""
        attributes = self.bake.targets[name]
        matrix = self._value(attributes, "matrix", self._scope) or {}
        if not isinstance(matrix, dict):
            raise HclError("`matrix` is not an object")
        for combination in itertools.product(*(_listed(values) for values in matrix.values())):
            scope = self._scope.with_local(dict(zip(matrix, combination, strict=True)))
            built_as = self._value(attributes, "name", scope) if matrix else None
            yield str(built_as or name), _Target(attributes=attributes, scope=scope)

    def _values_of(self, target: _Target, *, inheriting: tuple[str, ...]) -> dict[str, Value]:
        """The attributes that name images; later ones of `inherits` replace earlier ones, and its own replace those."""
        values: dict[str, Value] = {}
        for parent in map(text_of, _listed(self._value(target.attributes, "inherits", target.scope) or [])):
            if parent in inheriting:
                raise HclError(f"{parent} inherits from itself")
            values |= self._values_of(self._target_named(parent), inheriting=(*inheriting, parent))
        for key in _OF_IMAGES:
            own = self._value(target.attributes, key, target.scope)
            if own is not None:
                values[key] = own
        return values

    def _target_named(self, name: str) -> _Target:
        if name in self.bake.targets:
            return _Target(attributes=self.bake.targets[name], scope=self._scope)
        for block, attributes in self.bake.targets.items():
            if "matrix" in attributes:
                for built_as, target in self._built(block):
                    if built_as == name:
                        return target
        raise HclError(f"it inherits from {name}, which is not a target of these files")

    @property
    def _scope(self) -> Scope:
        return Scope(variable=self._variable, function=self._function)

    def _value(self, attributes: Attributes, key: str, scope: Scope) -> Value:
        found = attributes.get(key)
        return None if found is None else found(scope)

    def _variable(self, name: str) -> Value:
        if name not in self._values:
            if name in self._open:
                raise HclError(f"the variable {name} needs its own value")
            self._open.append(name)
            try:
                self._values[name] = self._evaluated(name)
            finally:
                self._open.pop()
        return self._values[name]

    def _evaluated(self, name: str) -> Value:
        if name in self.bake.variables:
            return self._declared(name, self.bake.variables[name])
        if name in self.bake.attributes:
            return self.bake.attributes[name](self._scope)
        if name == "target":
            return _OwnAttributes(self)
        if name in self.environment:
            return self.environment[name]
        raise HclError(f"{name} has no value: it is neither a variable of the file nor set in the environment")

    def _declared(self, name: str, attributes: Attributes) -> Value:
        """A variable without a value is empty, or null if it has a type: as bake has it."""
        default = self.bake.attributes.get(name) or attributes.get("default")
        if name not in self.environment:
            if default is not None:
                return default(self._scope)
            return None if "type" in attributes else ""
        return _typed(self.environment[name], default(self._scope) if default else None, name)

    def _function(self, name: str) -> Callable[..., Value] | None:
        attributes = self.bake.functions.get(name)
        if attributes is None:
            return None

        def call(*arguments: Value) -> Value:
            names = [*_listed(attributes["params"](self._scope))] if "params" in attributes else []
            local = dict(zip(map(str, names), arguments, strict=False))
            if "variadic_param" in attributes:
                rest = attributes["variadic_param"](self._scope)
                local[str(rest[0] if isinstance(rest, list) else rest)] = list(arguments[len(names) :])
            elif len(names) != len(arguments):
                raise HclError(f"the function {name} needs {len(names)} arguments")
            if "result" not in attributes:
                raise HclError(f"the function {name} has no result")
            return attributes["result"](self._scope.with_local(local))

        return call


def _without_unknown_tag(image: str) -> str:
    """An image of which only the tag may depend on the time of the build."""
    if UNKNOWN not in image:
        return image
    name, _, _ = image.rpartition(":")
    if not name or UNKNOWN in name:
        raise HclError(f"the repository of {image.replace(UNKNOWN, '…')} depends on the time of the build")
    return name


class _OwnAttributes(dict[str, object]):
    """`target.NAME.ATTRIBUTE`, as expressions name the attributes of other targets."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, name: str) -> dict[str, Value]:
        attributes = self._names.bake.targets[name]
        scope = Scope(variable=self._names._variable, function=self._names._function)
        return {key: attributes[key](scope) for key in _OF_IMAGES if key in attributes}


def _typed(text: str, default: Value, name: str) -> Value:
    """The value of a variable in the environment, of its default's type."""
    match default:
        case bool():
            if text.lower() not in _BOOLEANS:
                raise HclError(f"{name} is {text!r} in the environment, which is neither true nor false")
            return _BOOLEANS[text.lower()]
        case int() | float():
            return number_of(text)
        case list():
            return next(csv.reader([text]), [])
        case dict():
            return json.loads(text)
    return text


def _listed(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise HclError(f"{value!r} is not a list")
    return value


def _items(values: Mapping[str, Value], key: str) -> list[Value]:
    value = values.get(key, [])
    if not isinstance(value, list):
        raise HclError(f"`{key}` is not a list of texts")
    return value
