"""AWS's policy evaluation; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.

Pure: statements and a request in, a decision out. An explicit deny anywhere wins; then every service control policy
level, the resource's policy, the identity's policies, the permissions boundary and the session policy apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from aws_org_sandbox.iam.conditions import holds
from aws_org_sandbox.iam.matching import action_matches, is_named, principal_matches, resource_matches
from aws_org_sandbox.iam.policies import PolicyError, Statement, Statements
from aws_org_sandbox.iam.requests import AccessRequest


class Grant(Enum):
    """The access that a resource's policy grants to a subject."""

    NONE = "none"
    ACCOUNT = "account"
    """It names the subject's account: that account's own policies decide."""
    DIRECT = "direct"
    """It names the subject itself, or everyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """All policies that apply. None for missing ones; `identity` None is an unrestricted identity."""

    identity: Statements | None = ()
    boundary: Statements | None = None
    session: Statements | None = None
    resource: Statements | None = None
    scps: Sequence[Statements] = ()
    resource_decides: bool = field(default=False)
    """Whether the resource's policy must allow the subject even in its own account (trust and key policies)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Allowed or not, and the reason as the end of AWS's sentence."""

    allowed: bool
    because: str = ""

    def __bool__(self) -> bool:
        return self.allowed


def evaluate(request: AccessRequest, policies: PolicySet) -> Decision:
    """Whether the request is allowed. A policy that cannot be evaluated denies it and is named in the reason."""
    try:
        because = _denied(request, policies) or _not_allowed(request, policies)
    except PolicyError as error:
        because = f"because a policy cannot be judged: {error}"
    return Decision(allowed=because is None, because=because or "")


def _denied(request: AccessRequest, policies: PolicySet) -> str | None:
    kinds: list[tuple[str, Statements | None]] = [
        ("a service control policy", statements) for statements in policies.scps
    ]
    kinds += [
        ("a resource-based policy", policies.resource),
        ("an identity-based policy", policies.identity),
        ("a permissions boundary", policies.boundary),
        ("a session policy", policies.session),
    ]
    for kind, statements in kinds:
        if any(statement.effect == "Deny" and applies(statement, request) for statement in statements or ()):
            return f"with an explicit deny in {kind}"
    return None


def _not_allowed(request: AccessRequest, policies: PolicySet) -> str | None:
    if any(not allows(statements, request) for statements in policies.scps):
        return _nothing_allows(request, "service control policy")
    grant = granted(policies.resource or (), request)
    foreign = request.resource_account is not None and request.resource_account != request.subject.account
    if (foreign or policies.resource_decides) and grant is Grant.NONE:
        return _nothing_allows(request, "resource-based policy")
    by_identity = policies.identity is None or allows(policies.identity, request)
    if not by_identity and (foreign or grant is not Grant.DIRECT):
        return _nothing_allows(request, "identity-based policy")
    limits = (("permissions boundary", policies.boundary), ("session policy", policies.session))
    for kind, statements in limits:
        if statements is not None and not allows(statements, request):
            return _nothing_allows(request, kind)
    return None


def _nothing_allows(request: AccessRequest, kind: str) -> str:
    return f"because no {kind} allows the {request.action} action"


def allows(statements: Statements, request: AccessRequest) -> bool:
    """Whether any statement allows the request, ignoring denies."""
    return any(statement.effect == "Allow" and applies(statement, request) for statement in statements)


def granted(statements: Statements, request: AccessRequest) -> Grant:
    """The access that a resource's policy grants the subject, ignoring denies."""
    grant = Grant.NONE
    for statement in statements:
        if statement.effect == "Allow" and applies(statement, request):
            if is_named(statement.principals or {}, request.subject):
                return Grant.DIRECT
            grant = Grant.ACCOUNT
    return grant


def applies(statement: Statement, request: AccessRequest) -> bool:
    """Whether a statement matches this request: its action, resource, principal and conditions."""
    if not action_matches(statement, request.action) or not resource_matches(statement, request):
        return False
    if statement.principals is not None and not principal_matches(statement.principals, request.subject):
        return False
    if statement.not_principals is not None and principal_matches(statement.not_principals, request.subject):
        return False
    return holds(statement.conditions, request.context)
