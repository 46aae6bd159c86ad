"""IAM checks that AWS services make before they act, with a role or as themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call
from aws_org_sandbox.iam.contexts import (
    call_context,
    principal_context,
    request_context,
    resource_context,
    service_context,
)
from aws_org_sandbox.iam.evaluation import Grant, applies, evaluate, granted
from aws_org_sandbox.iam.identities import account_of, role_policies, role_subject, subject_of
from aws_org_sandbox.iam.policies import PolicyError, Statements, parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject
from aws_org_sandbox.iam.trust import service_may_assume

Policy = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An action on a resource; `context` has condition keys beyond those that IAM adds."""

    action: str
    resource: str
    region: str
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that acts for one resource of an account, such as EventBridge for a rule.

    Without a source, the service is not documented to name one, such as Lambda when it assumes a function's role.
    """

    principal: str
    source_arn: str | None = None
    source_account: str | None = None


def may_assume(service: Service, role_arn: str) -> bool:
    """Whether a role exists and its trust policy allows the service."""
    if is_altered(Behaviour.TARGET_ROLES_WITHOUT_SOURCE):
        return service_may_assume(service.principal, role_arn)
    return service_may_assume(
        service.principal, role_arn, source_arn=service.source_arn, source_account=service.source_account
    )


def refusal(role_arn: str, access: Access, *, resource_policy: Policy | None = None) -> str | None:
    """Why a session of a role is denied access, in AWS's words; None if allowed."""
    account, owner = account_of(role_arn), account_of(access.resource) or account_of(role_arn)
    subject = role_subject(role_arn, session_name="service")
    context = {**principal_context(role_arn, account=account), **resource_context(owner)}
    request = _request(subject, access, owner=owner, context=context)
    try:
        statements = parse_policy(resource_policy) if resource_policy else None
        decision = evaluate(request, replace(role_policies(role_arn), resource=statements))
    except PolicyError as error:
        return f"a policy cannot be judged: {error}"
    if decision:
        return None
    return (
        f"User: {subject.arns[0]} is not authorized to perform: {access.action} on resource: {access.resource} "
        f"{decision.because}"
    )


def service_admitted(service: Service, access: Access, policy: Policy | None) -> bool:
    """Whether a resource's policy allows a service."""
    context = {
        **service_context(service.principal, source_arn=service.source_arn, source_account=service.source_account),
        **resource_context(account_of(access.resource) or None),
    }
    subject = Subject(service=service.principal)
    request = _request(subject, access, owner=account_of(access.resource), context=context)
    return _admits(policy, request) is Grant.DIRECT


def caller_admitted(call: Call, access: Access, policy: Policy | None) -> bool:
    """Whether a resource's policy allows a caller of another account, whose own policies are already checked."""
    owner = account_of(access.resource) or call.account
    context = call_context(call).with_values({**resource_context(owner), **_tuples(access.context)})
    request = AccessRequest(
        subject=subject_of(call.principal),
        action=access.action,
        resource=access.resource,
        resource_account=owner,
        context=context,
    )
    return _admits(policy, request) is not Grant.NONE


def _admits(policy: Policy | None, request: AccessRequest) -> Grant:
    if policy is None:
        return Grant.NONE
    try:
        statements: Statements = parse_policy(policy)
        if any(item.effect == "Deny" and applies(item, request) for item in statements):
            return Grant.NONE
        return granted(statements, request)
    except PolicyError:
        return Grant.NONE


def _request(subject: Subject, access: Access, *, owner: str, context: Mapping[str, Any]) -> AccessRequest:
    return AccessRequest(
        subject=subject,
        action=access.action,
        resource=access.resource,
        resource_account=owner or None,
        context=ConditionContext({**request_context(access.region), **context, **_tuples(access.context)}),
    )


def _tuples(context: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in context.items()}
