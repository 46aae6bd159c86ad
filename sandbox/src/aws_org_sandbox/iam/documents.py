"""Policies that AWS refuses: those with invalid elements or unknown principals.

IAM resolves principals when a policy is put, so a policy for a role that does not exist yet cannot be saved.
Any account is accepted: most AWS accounts are not in an organization of the sandbox.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from moto.iam.models import iam_backends

from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.identities import find_role
from aws_org_sandbox.iam.policies import PolicyError, Statement, parse_policy

INVALID_ACTION = "Policy has invalid action"
_ACCOUNT = re.compile(rf"\d{{12}}|arn:{PARTITION}:iam::\d{{12}}:root")
_SESSION = re.compile(rf"arn:{PARTITION}:sts::(?P<account>\d{{12}}):assumed-role/(?P<role>[^/]+)/[^/]+")
_USER = re.compile(rf"arn:{PARTITION}:iam::(?P<account>\d{{12}}):user/.+")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com|\*")
_KINDS = frozenset({"*", "AWS", "CanonicalUser", "Federated", "Service"})


def policy_error(document: Any, *, about: Callable[[str], bool] | None, service: str) -> str | None:
    """Why the policy of a resource or a role is refused; None if it is valid.

    `about` returns whether the policy may name a `Resource`; None if statements must not have one. `service`
    is the one whose actions the policy may name.
    """
    try:
        statements = parse_policy(document)
    except PolicyError as error:
        return str(error)
    if not statements:
        return "a policy has at least one statement"
    return next(
        (found for statement in statements if (found := _statement_error(statement, about, service)) is not None), None
    )


def _statement_error(statement: Statement, about: Callable[[str], bool] | None, service: str) -> str | None:
    if statement.principals is None and statement.not_principals is None:
        return "Missing required field Principal"
    resources = statement.resources or statement.not_resources
    if about is None and resources:
        return "Has prohibited field Resource."
    if about is not None and not resources:
        return "Missing required field Resource"
    if about is not None and (other := next((name for name in resources or () if not about(name)), None)):
        return f"Policy has invalid resource: {other}"
    if any(not _is_of(service, action) for action in statement.actions or statement.not_actions or ()):
        return INVALID_ACTION
    return next((f'Invalid principal in policy: "{name}"' for name in unknown_principals(statement)), None)


def _is_of(service: str, action: str) -> bool:
    return action == "*" or action.lower().startswith(f"{service}:")


def unknown_principals(statement: Statement) -> Iterator[str]:
    """The principals of a statement that AWS would not find."""
    for kind, names in [*(statement.principals or {}).items(), *(statement.not_principals or {}).items()]:
        if kind not in _KINDS:
            yield kind
        for name in names:
            if (kind == "AWS" and not is_principal(name)) or (kind == "Service" and not _SERVICE.fullmatch(name)):
                yield name


def is_principal(name: str) -> bool:
    """Whether `name` is a wildcard, an account, or an existing role, session or user."""
    if name == "*" or _ACCOUNT.fullmatch(name):
        return True
    if session := _SESSION.fullmatch(name):
        roles = iam_backends[session["account"]][PARTITION].roles.values()
        return any(role.name == session["role"] for role in list(roles))
    if user := _USER.fullmatch(name):
        return any(item.arn == name for item in list(iam_backends[user["account"]][PARTITION].users.values()))
    return find_role(name) is not None


def characters(document: str) -> int:
    """The size of a policy as IAM counts it: without white space."""
    return len("".join(document.split()))
