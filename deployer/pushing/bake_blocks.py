"""Bake files as blocks of expressions that are not evaluated yet, from HCL and from JSON. Pure.

https://docs.docker.com/build/bake/reference/ and https://github.com/hashicorp/hcl/blob/main/json/spec.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.pushing.hcl import Expression, expression, parsed, parts_of, template, token_of
from deployer.pushing.hcl_functions import HclError, text_of

if TYPE_CHECKING:
    from deployer.pushing.hcl import Node

Attributes = dict[str, Expression]


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeFile:
    """The blocks of one or several bake files, by name; a later definition of an attribute replaces earlier ones."""

    targets: dict[str, Attributes] = field(default_factory=dict)
    variables: dict[str, Attributes] = field(default_factory=dict)
    functions: dict[str, Attributes] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)
    """Attributes outside of blocks, which are names with a value, too."""

    def add(self, kind: str, name: str, attributes: Attributes) -> None:
        """Add a block; those of other kinds, as groups, name no images."""
        blocks = {"target": self.targets, "variable": self.variables, "function": self.functions}.get(kind)
        if blocks is not None:
            blocks.setdefault(name, {}).update(attributes)


def read_bake_json(document: Mapping[str, object], into: BakeFile) -> None:
    """Add the blocks of a bake file in JSON. Raises HclError if it has another form."""
    for key, value in document.items():
        if key in {"target", "variable", "function", "group"}:
            for name, body in _labelled(value):
                into.add(key, name, {each: _of_json(item) for each, item in body.items()})
        else:
            into.attributes[key] = _of_json(value)


def _labelled(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Blocks by their label; HCL in JSON allows lists of them."""
    for blocks in value if isinstance(value, list) else [value]:
        if not isinstance(blocks, dict):
            raise HclError("a block is not an object")
        for name, body in blocks.items():
            for one in body if isinstance(body, list) else [body]:
                if not isinstance(one, dict):
                    raise HclError(f"{name} is not an object")
                yield name, one


def _of_json(value: object) -> Expression:
    match value:
        case str():
            return template(value)
        case list():
            items = [_of_json(item) for item in value]
            return lambda scope: [item(scope) for item in items]
        case dict():
            pairs = [(template(key), _of_json(item)) for key, item in value.items()]
            return lambda scope: {text_of(key(scope)): item(scope) for key, item in pairs}
    return lambda _: value


def read_bake_hcl(text: str, into: BakeFile) -> None:
    """Add the blocks of a bake file in HCL. Raises HclError if it is none."""
    [body] = parts_of(parsed(text))
    for part in parts_of(body):
        if part.data == "attribute":
            into.attributes.update(_attributes([part]))
        else:
            kind, *labels, content = parts_of(part)
            name = "".join(token_of(piece) for label in labels for piece in (parts_of(label) or [label]))
            into.add(token_of(kind), name, _attributes(parts_of(content)))


def _attributes(parts: Iterable[Node]) -> Attributes:
    found: Attributes = {}
    for part in parts:
        if part.data == "attribute":
            name, value = parts_of(part)
            is_names = token_of(name) in {"params", "variadic_param"}
            found[token_of(name)] = _names(value) if is_names else expression(value)
    return found


def _names(tree: Node) -> Expression:
    """The parameters of a function: names, not values."""
    found = [token_of(name) for name in tree.find_data("identifier")]
    return lambda _: found
