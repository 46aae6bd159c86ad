"""How names match patterns: actions, ARNs and principals. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from aws_org_sandbox.iam.policies import Statement
from aws_org_sandbox.iam.requests import AccessRequest, Subject

LITERALS = {"*": "\ue000", "?": "\ue001"}
"""What stands in a pattern for `${*}` and `${?}`, which are no wildcards."""
_TOKENS = {"?": ".", **{character: re.escape(text) for text, character in LITERALS.items()}}


@lru_cache(maxsize=8192)
def _compiled(pattern: str, *, ignoring_case: bool) -> re.Pattern[str]:
    """Each wildcard but the last takes the shortest text that fits, for good: no pattern costs more than a search."""
    first, *others = ("".join(_TOKENS.get(char) or re.escape(char) for char in part) for part in pattern.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    last = f".*{others[-1]}" if others else ""
    return re.compile(f"{first}{middle}{last}", re.DOTALL | (re.IGNORECASE if ignoring_case else 0))


def like(value: str, pattern: str) -> bool:
    """Whether a value matches a pattern; `*` is any text, `?` any one character."""
    return _compiled(pattern, ignoring_case=False).fullmatch(value) is not None


def arn_like(value: str, pattern: str) -> bool:
    """Whether an ARN matches part by part: a `*` does not match a colon, except in the resource at the end."""
    if pattern == "*":
        return True
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) == 6 and all(map(like, values, patterns))


def action_matches(statement: Statement, action: str) -> bool:
    """Whether a statement matches an action; actions are case-insensitive."""
    if statement.actions is not None:
        return any(_action_like(action, pattern) for pattern in statement.actions)
    return not any(_action_like(action, pattern) for pattern in statement.not_actions or ())


def _action_like(action: str, pattern: str) -> bool:
    return _compiled(pattern, ignoring_case=True).fullmatch(action) is not None


def resource_matches(statement: Statement, request: AccessRequest) -> bool:
    """Whether a statement matches a resource. A statement without one, as in a trust policy, applies to its own."""
    if statement.resources is None and statement.not_resources is None:
        return True
    if request.resource is None:
        # The resource is unknown: an Allow must cover all resources, and a Deny always applies.
        return statement.effect == "Deny" or (statement.resources is not None and "*" in statement.resources)
    if statement.resources is not None:
        return any(_resource_like(request, pattern) for pattern in statement.resources)
    return not any(_resource_like(request, pattern) for pattern in statement.not_resources or ())


def _resource_like(request: AccessRequest, pattern: str) -> bool:
    assert request.resource is not None
    return like(request.resource, _filled(pattern, request))


def _filled(pattern: str, request: AccessRequest) -> str:
    """A pattern with its policy variables replaced; one without a value is kept, and matches nothing."""

    def value(match: re.Match[str]) -> str:
        found = request.context.get(match.group(1))
        return found[0] if found else match.group(0)

    return re.sub(r"\$\{([^}]+)\}", value, pattern) if "${" in pattern else pattern


def principal_matches(principals: Mapping[str, tuple[str, ...]], subject: Subject) -> bool:
    """Whether a `Principal` element names the subject, itself or by its whole account."""
    return is_named(principals, subject) or names_account(principals, subject)


def is_named(principals: Mapping[str, tuple[str, ...]], subject: Subject) -> bool:
    """Whether a `Principal` element names the subject itself, or everyone."""
    if "*" in principals:
        return True
    if subject.service is not None:
        return subject.service in principals.get("Service", ())
    return any(name == "*" or name in subject.arns for name in principals.get("AWS", ()))


def names_account(principals: Mapping[str, tuple[str, ...]], subject: Subject) -> bool:
    """Whether a `Principal` element names the subject's account, which leaves the choice to that account's policies."""
    account = subject.account
    if account is None:
        return False
    return any(
        name == account or re.fullmatch(rf"arn:[a-z-]+:iam::{account}:root", name) for name in principals.get("AWS", ())
    )
