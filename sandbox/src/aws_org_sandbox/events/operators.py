"""The comparison operators of event patterns, parsed into tests of one value. Pure.

Refuses what EventBridge refuses: an unknown operator, an operand of another type, a malformed wildcard.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Test = Callable[[Any], bool]
"""Whether one value of an event, never an object or an array, passes."""

NUMERIC_LIMIT = 5_000_000_000
"""Numbers are compared between minus and plus five billion, with six digits after the point."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PatternError(ValueError):
    """An event pattern that EventBridge refuses; the message is EventBridge's if known."""


def exactly(expected: str | float | bool | None) -> Test:
    """Equality in EventBridge: by the text of the JSON value, so 1, 1.0, true and "1" are all different."""
    text = json.dumps(expected)
    return lambda value: json.dumps(value) == text


def parse_operator(matcher: Mapping[str, Any]) -> Test:
    """The test for an operator such as `{"prefix": "a"}`. `exists` does not test a value: see patterns.py."""
    if len(matcher) != 1:
        raise PatternError("Only one key allowed in match expression")
    ((name, operand),) = matcher.items()
    parser = _OPERATORS.get(name)
    if parser is None:
        raise PatternError(f"Unrecognized match type {name}")
    return parser(operand)


def _string(operand: Any, name: str) -> str:
    if not isinstance(operand, str):
        raise PatternError(f"{name} match pattern must be a string")
    return operand


def _on_strings(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _ignoring_case(operand: Any, name: str) -> str | None:
    """The text of `{"prefix": {"equals-ignore-case": text}}`, None if the operand is not of that form."""
    if not isinstance(operand, Mapping):
        return None
    if list(operand) != ["equals-ignore-case"]:
        raise PatternError(f"Unsupported {name} pattern: {', '.join(map(str, operand))}")
    return _string(operand["equals-ignore-case"], name).casefold()


def _prefix(operand: Any) -> Test:
    if (folded := _ignoring_case(operand, "prefix")) is not None:
        return _on_strings(lambda value: value.casefold().startswith(folded))
    text = _string(operand, "prefix")
    return _on_strings(lambda value: value.startswith(text))


def _suffix(operand: Any) -> Test:
    if (folded := _ignoring_case(operand, "suffix")) is not None:
        return _on_strings(lambda value: value.casefold().endswith(folded))
    text = _string(operand, "suffix")
    return _on_strings(lambda value: value.endswith(text))


def _equals_ignore_case(operand: Any) -> Test:
    folded = _string(operand, "equals-ignore-case").casefold()
    return _on_strings(lambda value: value.casefold() == folded)


def _wildcard(operand: Any) -> Test:
    expression = re.compile("".join(_wildcard_parts(_string(operand, "wildcard"))), re.DOTALL)
    return _on_strings(lambda value: expression.fullmatch(value) is not None)


def _wildcard_parts(text: str) -> list[str]:
    """A regular expression in parts: `*` is any run of characters, a backslash escapes `*` and backslash."""
    if re.search(r"(?<!\\)(?:\\\\)*\*\*", text):
        raise PatternError("Consecutive wildcard characters are not allowed")
    parts = re.findall(r"\\.|\\$|[^\\]", text, re.DOTALL)
    if bad := next((part for part in parts if part[0] == "\\" and part not in {r"\*", r"\\"}), None):
        raise PatternError(f"Invalid escape character in wildcard: {bad}")
    return [".*" if part == "*" else re.escape(part[-1]) for part in parts]


def _numeric(operand: Any) -> Test:
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise PatternError("Value of numeric must be an array of one or two comparisons")
    bounds = [_bound(name, number) for name, number in zip(operand[::2], operand[1::2], strict=True)]
    if len(bounds) == 2:
        _check_range(bounds)
    comparisons = [(_COMPARISONS[name], number) for name, number in bounds]

    def test(value: Any) -> bool:
        return _is_number(value) and all(compare(value, number) for compare, number in comparisons)

    return test


def _bound(name: Any, number: Any) -> tuple[str, float]:
    if name not in _COMPARISONS:
        raise PatternError(f"Unrecognized numeric range operator: {name}")
    if not _is_number(number) or abs(number) > NUMERIC_LIMIT:
        raise PatternError(f"Value of {name} must be numeric, between -{NUMERIC_LIMIT} and {NUMERIC_LIMIT}")
    return name, number


def _check_range(bounds: Sequence[tuple[str, float]]) -> None:
    for (low, bottom), (high, top) in pairwise(bounds):
        if low[0] != ">" or high[0] != "<":
            raise PatternError("Bad numeric range: a lower bound comes first, then an upper one")
        if bottom >= top:
            raise PatternError("Bottom must be less than top")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cidr(operand: Any) -> Test:
    try:
        network = ipaddress.ip_network(_string(operand, "cidr"), strict=False)
    except ValueError as error:
        raise PatternError(f"Malformed CIDR: {operand}") from error

    def test(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _on_strings(test)


def _anything_but(operand: Any) -> Test:
    """None of the values or matchers passes; a missing value never passes."""
    refused = _refused_matchers(operand) if isinstance(operand, Mapping) else _refused_values(operand)
    return lambda value: not any(test(value) for test in refused)


def _refused_matchers(operand: Mapping[str, Any]) -> list[Test]:
    if len(operand) != 1 or (name := next(iter(operand))) not in _WITHIN_ANYTHING_BUT:
        raise PatternError(f"Unsupported anything-but pattern: {', '.join(map(str, operand))}")
    texts = operand[name] if isinstance(operand[name], list) else [operand[name]]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise PatternError(f"Value of {name} inside anything-but must be a string, or an array of strings")
    return [_OPERATORS[name](text) for text in texts]


def _refused_values(operand: Any) -> list[Test]:
    values = operand if isinstance(operand, list) else [operand]
    if not values:
        raise PatternError("Value of anything-but must not be empty")
    if not (all(isinstance(value, str) for value in values) or all(_is_number(value) for value in values)):
        raise PatternError("Inside anything-but list, either all values are numbers or all are strings")
    return [exactly(value) for value in values]


_OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _equals_ignore_case,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
_WITHIN_ANYTHING_BUT = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
