"""Conditions of repository policies: operators, keys and values.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_network

from deployer.settings.condition_keys import KEY_PREFIXES, key_problem
from deployer.settings.policy_values import Found, listed, shown
from deployer.settings.yaml_source import KeyPath

SET_OPERATORS = ("ForAllValues:", "ForAnyValue:")
IF_EXISTS = "IfExists"
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS = (
    *(f"String{name}" for name in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase")),
    *("StringLike", "StringNotLike", "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
    *(f"{kind}{name}" for kind in ("Numeric", "Date") for name in _COMPARISONS),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_EPOCH_SECONDS = re.compile(r"[0-9]{1,11}(\.[0-9]+)?")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_NETWORK = re.compile(r"[0-9A-Fa-f:.]+(/[0-9]+)?")


def check_condition(value: object, at: KeyPath) -> Found:
    """Operators with keys, which have values of the operator's type."""
    if not isinstance(value, Mapping):
        yield at, 'a condition is an object, as in {"StringEquals": {"aws:PrincipalOrgID": "o-…"}}'
        return
    for operator, keys in value.items():
        base = _base(operator)
        if base not in OPERATORS or operator.endswith(f"Null{IF_EXISTS}"):
            yield (*at, operator), f"{shown(operator)} is not a condition operator{_hint(operator)}"
        elif not isinstance(keys, Mapping) or not keys:
            yield (*at, operator), "an operator has an object of condition keys with their values"
        else:
            for key, values in keys.items():
                yield from _check_values(base, values, (*at, operator, key))


def _base(operator: str) -> str:
    for prefix in SET_OPERATORS:
        if operator.startswith(prefix):
            operator = operator.removeprefix(prefix)
            break
    return operator.removesuffix(IF_EXISTS)


def _hint(operator: str) -> str:
    if operator.partition(":")[0].lower() in KEY_PREFIXES:
        return ': a condition key belongs inside an operator, as in {"StringEquals": {…}}'
    quantifier, _, name = operator.rpartition(":")
    if quantifier and f"{quantifier}:" not in SET_OPERATORS:
        return "; set operators are " + " and ".join(SET_OPERATORS)
    if name.endswith(f"Null{IF_EXISTS}"):
        return "; Null takes no IfExists"
    by_lower_case = {known.lower(): known for known in OPERATORS}
    near = difflib.get_close_matches(name.removesuffix(IF_EXISTS).lower(), by_lower_case, n=1, cutoff=0.6)
    return f"; did you mean {by_lower_case[near[0]]}?" if near else "; see IAM's list of condition operators"


def _check_values(operator: str, value: object, at: KeyPath) -> Found:
    if value in (None, []):
        yield at, "a condition key has at least one value"
    for path, item in listed(value, at):
        if not isinstance(item, str | int | float):
            yield path, "the value of a condition key is a string, a number, true or false"
        elif not _fits(operator, item):
            yield path, f"{shown(item)} is not a value for {operator}"


def _fits(operator: str, value: str | float) -> bool:
    """Policy variables have their values only when a request is made."""
    text = str(value)
    if "${" in text:
        return True
    check = next((check for prefix, check in _TYPES.items() if operator.startswith(prefix)), None)
    return check is None or (check(text.lower()) if isinstance(value, bool) else check(text))


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    """Seconds since 1970, or ISO 8601 in W3C's profile, which also has months: https://www.w3.org/TR/NOTE-datetime."""
    if _EPOCH_SECONDS.fullmatch(text):
        return True
    return _parses(datetime.fromisoformat, f"{text}-01" if _MONTH.fullmatch(text) else text)


def _is_network(text: str) -> bool:
    """An address or a block in CIDR notation; Python also accepts netmasks and zones."""
    return _NETWORK.fullmatch(text) is not None and _parses(lambda value: ip_network(value, strict=False), text)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


_TYPES: Mapping[str, Callable[[str], bool]] = {
    "Bool": lambda text: text.lower() in ("true", "false"),
    "Null": lambda text: text.lower() in ("true", "false"),
    "Numeric": _is_number,
    "Date": _is_date,
    "IpAddress": _is_network,
    "NotIpAddress": _is_network,
}


def condition_warnings(value: object, at: KeyPath) -> Found:
    """Keys that no request to ECR is known to have, and conditions without an operator."""
    if value == {}:
        yield at, "a condition without operators has no effect"
    for operator, keys in value.items() if isinstance(value, Mapping) else ():
        for key in keys if isinstance(keys, Mapping) else ():
            if problem := key_problem(key):
                yield (*at, operator, key), problem
