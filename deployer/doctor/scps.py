"""Whether service control policies allow a call, as far as that is known without making it. Pure.

Three answers: allowed, denied, or it depends on a condition key that is only known during the call. At each level, from
the root to the account, some policy must allow the action and none may deny it.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from deployer.doctor.actual_state import ServiceControlPolicy
from handler.json_values import JsonValue

_VARIABLE = re.compile(r"\$\{([\w:/-]+)\}")

Holds = bool | None
"""True, False, or None if it depends on something unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call that a role makes, in its own account or another. `region` is the endpoint's: us-east-1 for IAM."""

    principal: str
    action: str
    resource: str
    region: str

    @property
    def known(self) -> Mapping[str, str]:
        """The condition keys whose values are certain, in lower case."""
        account = self.principal.split(":")[4]
        return {
            "aws:principalaccount": account,
            "aws:principalarn": self.principal,
            "aws:requestedregion": self.region,
            "aws:resourceaccount": self.resource.split(":")[4] or account,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A policy that denies a call, or may. `policy` None: no policy of the level allows it."""

    policy: ServiceControlPolicy | None
    level: str
    is_certain: bool


Level = tuple[str, Sequence[ServiceControlPolicy]]
"""Id of a root, OU or account, and the policies that are attached to it."""


def obstacle(levels: Iterable[Level], request: Request) -> Obstacle | None:
    """The first policy that denies a call, certain ones first; None if all levels allow it."""
    found = list(_obstacles(levels, request))
    return next((one for one in found if one.is_certain), found[0] if found else None)


def _obstacles(levels: Iterable[Level], request: Request) -> Iterator[Obstacle]:
    for level, policies in levels:
        allows: list[Holds] = []
        for policy in policies:
            statements = _statements(policy.content)
            denied = _any(_matches(one, request) for one in statements if one.get("Effect") == "Deny")
            if denied is not False:
                yield Obstacle(policy=policy, level=level, is_certain=denied is True)
            allows.append(_any(_matches(one, request) for one in statements if one.get("Effect") == "Allow"))
        allowed = _any(allows)
        if allowed is not True:
            yield Obstacle(policy=None, level=level, is_certain=allowed is False)


@cache
def _statements(content: str) -> tuple[Mapping[str, JsonValue], ...]:
    found = json.loads(content)["Statement"]
    return tuple(found) if isinstance(found, list) else (found,)


def _matches(statement: Mapping[str, JsonValue], request: Request) -> Holds:
    return _all(
        (
            _covers(statement, "Action", request.action.lower(), request.known),
            _covers(statement, "Resource", request.resource, request.known),
            *(
                _condition(operator, key, values, request.known)
                for operator, pairs in statement.get("Condition", {}).items()
                for key, values in pairs.items()
            ),
        )
    )


def _covers(statement: Mapping[str, JsonValue], element: str, text: str, known: Mapping[str, str]) -> Holds:
    """Whether `Action` or `NotAction` (`Resource` or `NotResource`) covers it. Actions are compared in lower case."""
    is_exclusion = element not in statement
    patterns = _list(statement.get(f"Not{element}", ()) if is_exclusion else statement[element])
    folded = (pattern.lower() if element == "Action" else pattern for pattern in patterns)
    found = _any(_compared(_like, pattern, text, known) for pattern in folded)
    return None if found is None else found is not is_exclusion


def _equal(pattern: str, value: str) -> bool:
    return pattern == value


def _equal_folded(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


def _like(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


def _arn_like(pattern: str, arn: str) -> bool:
    """Compares each of the six parts separately: a wildcard does not match a colon."""
    parts, others = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(others) and all(_like(one, other) for one, other in zip(parts, others, strict=True))


_OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "stringequals": (_equal, True),
    "stringequalsignorecase": (_equal_folded, True),
    "stringlike": (_like, True),
    "arnequals": (_arn_like, True),
    "arnlike": (_arn_like, True),
    "stringnotequals": (_equal, False),
    "stringnotequalsignorecase": (_equal_folded, False),
    "stringnotlike": (_like, False),
    "arnnotequals": (_arn_like, False),
    "arnnotlike": (_arn_like, False),
}
"""By operator in lower case: how a value is compared, and whether the condition holds when one of them matches."""


def _condition(operator: str, key: str, values: JsonValue, known: Mapping[str, str]) -> Holds:
    """Whether one key of one operator holds; None if the key or operator cannot be evaluated before the call."""
    comparison = _OPERATORS.get(operator.lower().removesuffix("ifexists"))
    value = known.get(key.lower())
    if comparison is None or value is None:
        return None
    matches, holds_on_match = comparison
    found = _any(_compared(matches, str(pattern), value, known) for pattern in _list(values))
    return None if found is None else found is holds_on_match


def _compared(matches: Callable[[str, str], bool], pattern: str, value: str, known: Mapping[str, str]) -> Holds:
    """Whether a value matches a pattern, which may contain policy variables for known or unknown keys."""
    filled = _filled(pattern, known)
    return None if filled is None else matches(filled, value)


def _filled(pattern: str, known: Mapping[str, str]) -> str | None:
    """A pattern with the values of its policy variables; None if one is only known during the call.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    keys = [key.lower() for key in _VARIABLE.findall(pattern)]
    if any(key not in known for key in keys):
        return None
    return _VARIABLE.sub(lambda found: known[found[1].lower()], pattern)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character) or re.escape(character) for character in pattern), re.DOTALL)


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list | tuple) else (value,)


def _any(found: Iterable[Holds]) -> Holds:
    seen = set(found)
    return True if True in seen else None if None in seen else False


def _all(found: Iterable[Holds]) -> Holds:
    seen = set(found)
    return False if False in seen else None if None in seen else True
