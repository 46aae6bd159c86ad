"""Assuming roles: trust policies, for callers of any account and for AWS services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from moto.iam.models import Role

from aws_org_sandbox import context as running
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.credentials import Carried
from aws_org_sandbox.iam import sessions
from aws_org_sandbox.iam.contexts import call_context, request_context, resource_context, service_context
from aws_org_sandbox.iam.evaluation import Decision, Grant, applies, evaluate, granted
from aws_org_sandbox.iam.identities import account_of, find_role, principal_policies, subject_of
from aws_org_sandbox.iam.policies import PolicyError, parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject

ACTION = "sts:AssumeRole"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
TAG_SESSION = "sts:TagSession"
CHAINED_LIMIT = 3600
"""Maximum seconds of a session opened by a session; https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html."""
DEFAULT_DURATION = 3600

Denied = Callable[[Call, str, str | None, Decision], Refused]


def authorize_assume_role(call: Call, *, denied: Denied) -> None:
    """Allow sts:AssumeRole if the caller and the role both allow it; a missing role is refused alike (A24)."""
    arn = str(call.parameters.get("RoleArn", ""))
    role = find_role(arn)
    if role is None and is_altered(Behaviour.MISSING_ROLES_NAMED):
        raise Refused("NoSuchEntity", f"The role {arn} cannot be found.")
    if role is None or running.current().visibility.hides(arn):
        raise denied(call, ACTION, arn, Decision(allowed=False))
    try:
        trusted = parse_policy(role.assume_role_policy_document)
    except PolicyError as error:
        raise denied(call, ACTION, arn, Decision(allowed=False, because=f"because {error}")) from error
    policies = replace(principal_policies(call.principal), resource=trusted, resource_decides=True)
    carried = sessions.carried_by(call)
    request = AccessRequest(
        subject=subject_of(call.principal),
        action=ACTION,
        resource=arn,
        resource_account=role.account_id,
        context=_opening_context(call, role, carried),
    )
    for action in _actions(call, carried):
        decision = evaluate(replace(request, action=action), policies)
        if not decision:
            # STS does not reveal which side refuses; it names only explicit denies.
            because = decision.because if decision.because.startswith("with") else ""
            raise denied(call, action, arn, Decision(allowed=False, because=because))
    _check_duration(call, role)


def _actions(call: Call, carried: Carried) -> Iterator[str]:
    """The actions that opening a session needs; an inherited source identity and tags count as set again.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    yield ACTION
    if carried.source_identity:
        yield SET_SOURCE_IDENTITY
    if call.parameters.get("Tags") or call.principal.carried.transitive:
        yield TAG_SESSION


def _opening_context(call: Call, role: Role, carried: Carried) -> ConditionContext:
    return call_context(call).with_values(
        {
            **resource_context(role.account_id),
            **{f"aws:RequestTag/{key}": value for key, value in carried.tags.items()},
            "aws:TagKeys": tuple(carried.tags) or None,
            "sts:ExternalId": call.parameters.get("ExternalId"),
            "sts:RoleSessionName": call.parameters.get("RoleSessionName"),
            "sts:SourceIdentity": carried.source_identity,
            "sts:TransitiveTagKeys": tuple(sorted(carried.transitive)) or None,
        }
    )


def _check_duration(call: Call, role: Role) -> None:
    requested = int(call.parameters.get("DurationSeconds") or DEFAULT_DURATION)
    if call.principal.role_arn and requested > CHAINED_LIMIT:
        raise Refused(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if requested > int(role.max_session_duration or DEFAULT_DURATION):
        raise Refused(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def service_may_assume(
    service: str, role_arn: str, *, source_arn: str | None = None, source_account: str | None = None
) -> bool:
    """Whether a role exists and its trust policy allows an AWS service."""
    role = find_role(role_arn)
    if role is None:
        return False
    request = AccessRequest(
        subject=Subject(service=service),
        action=ACTION,
        resource=role_arn,
        resource_account=account_of(role_arn),
        context=ConditionContext(
            {
                **request_context("us-east-1"),
                **service_context(service, source_arn=source_arn, source_account=source_account),
                **resource_context(role.account_id),
            }
        ),
    )
    try:
        statements = parse_policy(role.assume_role_policy_document)
        refused = any(item.effect == "Deny" and applies(item, request) for item in statements)
        return not refused and granted(statements, request) is Grant.DIRECT
    except PolicyError:
        return False
