"""Event patterns: which ones EventBridge accepts, and which events they match. Pure.

A field of an event that is an array matches when one of its elements does, and fields below an array of objects must
match within ONE of its objects. `exists` tests leaves only: an object, or an array without a leaf, does not exist.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aws_org_sandbox.events.operators import PatternError, Test, exactly, parse_operator

MAX_LENGTH = 4096
"""Maximum characters of a pattern, from the API reference of PutRule."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one field must be: any of the tests, or absent, or present with any value."""

    tests: tuple[Test, ...]
    absent: bool = False
    present: bool = False

    def matches(self, value: Any) -> bool:
        found = list(_leaves(value))
        if not found:
            return self.absent
        return self.present or any(test(leaf) for leaf in found for test in self.tests)


@dataclass(frozen=True, slots=True)
class Node:
    """Fields that must all match, and groups of alternatives (`$or`) of which each must have a match."""

    fields: tuple[tuple[str, Node | Leaf], ...]
    alternatives: tuple[tuple[Node, ...], ...] = ()

    def matches(self, value: Any) -> bool:
        if isinstance(value, list):
            return any(self.matches(element) for element in value)
        inside: Mapping[str, Any] = value if isinstance(value, dict) else {}
        return all(part.matches(inside.get(name, _MISSING)) for name, part in self.fields) and all(
            any(node.matches(inside) for node in group) for group in self.alternatives
        )


_MISSING = object()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif value is not _MISSING and not isinstance(value, dict):
        yield value


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The pattern of a rule or an archive; raises PatternError with EventBridge's reason."""
    if len(text) > MAX_LENGTH:
        raise PatternError(f"Event pattern must be at most {MAX_LENGTH} characters")
    try:
        pattern = json.loads(text)
    except json.JSONDecodeError as error:
        raise PatternError("Invalid JSON") from error
    if not isinstance(pattern, dict):
        raise PatternError("Filter is not an object")
    return _node(pattern)


def _node(pattern: Mapping[str, Any]) -> Node:
    if not pattern:
        raise PatternError("Empty objects are not allowed")
    fields = tuple((name, _field(name, value)) for name, value in pattern.items() if name != "$or")
    return Node(fields, (_alternatives(pattern["$or"]),) if "$or" in pattern else ())


def _field(name: str, value: Any) -> Node | Leaf:
    if isinstance(value, dict):
        return _node(value)
    if isinstance(value, list):
        return _leaf(value)
    raise PatternError(f'"{name}" must be an object or an array')


def _alternatives(value: Any) -> tuple[Node, ...]:
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(item, dict) for item in value):
        raise PatternError("There must be at least 2 objects inside $or")
    return tuple(_node(item) for item in value)


def _leaf(matchers: Sequence[Any]) -> Leaf:
    if not matchers:
        raise PatternError("Empty arrays are not allowed")
    existence = [_existence(item["exists"]) for item in matchers if isinstance(item, dict) and list(item) == ["exists"]]
    tests = (item for item in matchers if not (isinstance(item, dict) and list(item) == ["exists"]))
    return Leaf(tuple(map(_test, tests)), absent=False in existence, present=True in existence)


def _existence(operand: Any) -> bool:
    if not isinstance(operand, bool):
        raise PatternError("exists match pattern must be either true or false.")
    return operand


def _test(matcher: Any) -> Test:
    if isinstance(matcher, dict):
        return parse_operator(matcher)
    if isinstance(matcher, list):
        raise PatternError("Match value must be String, number, true, false, or null")
    return exactly(matcher)
