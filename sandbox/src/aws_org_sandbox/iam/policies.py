"""Policy documents as statements: parsed once, strictly. What the sandbox cannot evaluate is an error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

Effect = Literal["Allow", "Deny"]
ConditionBlock = Mapping[str, Mapping[str, tuple[str, ...]]]

ANYONE: Mapping[str, tuple[str, ...]] = {"*": ("*",)}

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}
)


class PolicyError(Exception):
    """A policy that cannot be evaluated: malformed, or with an unknown element or operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; None for a missing element."""

    effect: Effect
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: Mapping[str, tuple[str, ...]] | None = None
    not_principals: Mapping[str, tuple[str, ...]] | None = None
    conditions: ConditionBlock = field(default_factory=dict)


Statements = tuple[Statement, ...]


def parse_policy(document: str | Mapping[str, Any]) -> Statements:
    """The statements of a policy document; raises PolicyError."""
    if isinstance(document, str):
        return _parse_text(document)
    return _parse(document)


def parse_policies(documents: Iterable[str | Mapping[str, Any]]) -> Statements:
    """The statements of several documents that apply together."""
    return tuple(statement for document in documents for statement in parse_policy(document))


@lru_cache(maxsize=4096)
def _parse_text(text: str) -> Statements:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"not JSON: {error}") from error
    return _parse(document)


def _parse(document: Any) -> Statements:
    if not isinstance(document, Mapping) or "Statement" not in document:
        raise PolicyError("a policy is an object with Statement")
    return tuple(_statement(item) for item in _listed(document["Statement"]))


def _statement(item: Any) -> Statement:
    if not isinstance(item, Mapping):
        raise PolicyError(f"a statement is an object, not {item!r}")
    if unknown := sorted(item.keys() - _ELEMENTS):
        raise PolicyError(f"unknown element {unknown[0]} in a statement")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"Effect is Allow or Deny, not {item.get('Effect')!r}")
    if ("Action" in item) == ("NotAction" in item):
        raise PolicyError("a statement has either Action or NotAction")
    return Statement(
        effect=item["Effect"],
        actions=_strings(item, "Action"),
        not_actions=_strings(item, "NotAction"),
        resources=_strings(item, "Resource"),
        not_resources=_strings(item, "NotResource"),
        principals=_principals(item.get("Principal")),
        not_principals=_principals(item.get("NotPrincipal")),
        conditions=_conditions(item.get("Condition", {})),
    )


def _conditions(block: Any) -> ConditionBlock:
    if not isinstance(block, Mapping) or not all(isinstance(keys, Mapping) for keys in block.values()):
        raise PolicyError(f"Condition is an object of operators with their keys, not {block!r}")
    return {
        operator: {key: tuple(_scalar(value) for value in _listed(values)) for key, values in keys.items()}
        for operator, keys in block.items()
    }


def _principals(value: Any) -> Mapping[str, tuple[str, ...]] | None:
    if value is None:
        return None
    if value == "*":
        return ANYONE
    if not isinstance(value, Mapping):
        raise PolicyError(f"Principal is * or an object, not {value!r}")
    return {kind: tuple(str(name) for name in _listed(names)) for kind, names in value.items()}


def _strings(item: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    return tuple(str(value) for value in _listed(item[element])) if element in item else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
