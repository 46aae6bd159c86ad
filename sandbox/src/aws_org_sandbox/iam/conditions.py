"""Condition operators; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.

Pure. An unknown operator raises PolicyError: a policy that is not understood must not allow access.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from aws_org_sandbox.iam.matching import LITERALS, arn_like, like
from aws_org_sandbox.iam.policies import ConditionBlock, PolicyError
from aws_org_sandbox.iam.requests import ConditionContext, Values

Matcher = Callable[[str, str], bool]
"""Whether a value of the request satisfies a value of the policy: (actual, expected)."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def holds(conditions: ConditionBlock, context: ConditionContext) -> bool:
    """Whether every operator of a block is satisfied."""
    return all(
        _operator_holds(operator, key, expected, context)
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def is_operator(name: str) -> bool:
    """Whether IAM documents an operator, with or without a set operator and IfExists; case matters."""
    base = _base(name)
    return base in _OPERATORS or (base == "Null" and not name.endswith("IfExists"))


def accepts_value(operator: str, value: object) -> bool:
    """Whether the policy's value has the type of a valid operator; a policy variable has any."""
    if not isinstance(value, str | int | float):
        return False
    text = str(value).lower() if isinstance(value, bool) else str(value)
    parse = next((parse for prefix, parse in _PARSERS.items() if _base(operator).startswith(prefix)), None)
    if parse is None or "${" in text:
        return True
    try:
        parse(text)
    except (ValueError, OverflowError, OSError):
        return False
    return True


def _base(operator: str) -> str:
    quantifier, colon, rest = operator.partition(":")
    return (rest if colon and quantifier in {"ForAllValues", "ForAnyValue"} else operator).removesuffix("IfExists")


def _operator_holds(operator: str, key: str, expected: Values, context: ConditionContext) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    if_exists = rest.endswith("IfExists")
    name = rest.removesuffix("IfExists")
    actual = context.get(key)
    if name == "Null":
        return _null(actual, expected)
    if name not in _OPERATORS:
        raise PolicyError(f"condition operator {operator} is not known to the sandbox")
    matcher, negated = _OPERATORS[name]
    if quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise PolicyError(f"condition operator {operator} is not known to the sandbox")
    if actual is None:
        return _missing(quantifier, if_exists=if_exists, negated=negated)
    literals = LITERALS if matcher in (like, arn_like) else {}
    values = tuple(_fill_in(value, context, literals) for value in expected)
    return _compare(quantifier, actual, values, matcher=matcher, negated=negated)


def _missing(quantifier: str, *, if_exists: bool, negated: bool) -> bool:
    """A key that the request lacks fails the condition, except for operators that AWS documents as passing."""
    if if_exists or quantifier == "ForAllValues":
        return True
    return negated and quantifier != "ForAnyValue"


def _compare(quantifier: str, actual: Values, expected: Values, *, matcher: Matcher, negated: bool) -> bool:
    def satisfied(value: str) -> bool:
        return any(matcher(value, pattern) for pattern in expected) is not negated

    return all(map(satisfied, actual)) if quantifier == "ForAllValues" else any(map(satisfied, actual))


def _null(actual: Values | None, expected: Values) -> bool:
    return any((actual is None) == (value.lower() == "true") for value in expected)


def _fill_in(text: str, context: ConditionContext, literals: Mapping[str, str]) -> str:
    """Replace policy variables, as `${aws:PrincipalAccount}`; one without a value matches nothing."""

    def value(match: re.Match[str]) -> str:
        key, _, default = match.group(1).partition(",")
        if key in {"*", "?", "$"}:
            return literals.get(key, key)
        found = context.get(key.strip())
        return found[0] if found else default.strip(" '") or match.group(0)

    return _VARIABLE.sub(value, text)


def _number(compare: Callable[[float, float], bool]) -> Matcher:
    def matcher(actual: str, expected: str) -> bool:
        try:
            return compare(float(actual), float(expected))
        except ValueError:
            return False

    return matcher


def _date(compare: Callable[[datetime, datetime], bool]) -> Matcher:
    def matcher(actual: str, expected: str) -> bool:
        try:
            return compare(_moment(actual), _moment(expected))
        except ValueError:
            return False

    return matcher


def _moment(text: str) -> datetime:
    if re.fullmatch(r"[0-9]{1,11}(\.[0-9]+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(f"{text}-01" if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text) else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _equals(actual: str, expected: str) -> bool:
    return actual == expected


def _equals_ignoring_case(actual: str, expected: str) -> bool:
    return actual.lower() == expected.lower()


def _in_network(actual: str, expected: str) -> bool:
    try:
        return ip_address(actual) in ip_network(expected, strict=False)
    except ValueError:
        return False


_OPERATORS: dict[str, tuple[Matcher, bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (arn_like, False),
    "ArnLike": (arn_like, False),
    "ArnNotEquals": (arn_like, True),
    "ArnNotLike": (arn_like, True),
    "Bool": (_equals_ignoring_case, False),
    "NumericEquals": (_number(lambda a, b: a == b), False),
    "NumericNotEquals": (_number(lambda a, b: a == b), True),
    "NumericLessThan": (_number(lambda a, b: a < b), False),
    "NumericLessThanEquals": (_number(lambda a, b: a <= b), False),
    "NumericGreaterThan": (_number(lambda a, b: a > b), False),
    "NumericGreaterThanEquals": (_number(lambda a, b: a >= b), False),
    "DateEquals": (_date(lambda a, b: a == b), False),
    "DateNotEquals": (_date(lambda a, b: a == b), True),
    "DateLessThan": (_date(lambda a, b: a < b), False),
    "DateLessThanEquals": (_date(lambda a, b: a <= b), False),
    "DateGreaterThan": (_date(lambda a, b: a > b), False),
    "DateGreaterThanEquals": (_date(lambda a, b: a >= b), False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "BinaryEquals": (_equals, False),
}


def _truth(text: str) -> None:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)


def _decimal(text: str) -> None:
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        raise ValueError(text)


def _network(text: str) -> None:
    if not re.fullmatch(r"[0-9A-Fa-f:.]+(/[0-9]+)?", text):
        raise ValueError(text)
    ip_network(text, strict=False)


_PARSERS: dict[str, Callable[[str], object]] = {
    "Bool": _truth,
    "Null": _truth,
    "Numeric": _decimal,
    "Date": _moment,
    "IpAddress": _network,
    "NotIpAddress": _network,
}
