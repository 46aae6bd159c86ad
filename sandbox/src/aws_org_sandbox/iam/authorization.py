"""Authorizes every call before it reaches a service.

Only SCPs and resource policies limit an administrator's calls; a role's call needs all permissions that AWS requires. A
role's call whose actions the sandbox does not know is denied: it must not be more lenient than AWS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from moto.ecr.models import ecr_backends

from aws_org_sandbox import context as running
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.iam import keys, trust
from aws_org_sandbox.iam.actions import PREFIXES, Need, table_need
from aws_org_sandbox.iam.contexts import Context, call_context, resource_context
from aws_org_sandbox.iam.evaluation import Decision, PolicySet, evaluate
from aws_org_sandbox.iam.identities import account_of, principal_policies, subject_of
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext
from aws_org_sandbox.iam.resource_policies import decides_alone, resource_policy
from aws_org_sandbox.iam.special_actions import SPECIAL

ALWAYS_ALLOWED = frozenset({("sts", "GetCallerIdentity")})
"""No policy can deny these; https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html."""

_CODES = {"sns": "AuthorizationError"}
_QUERY_SERVICES = frozenset({"cloudformation", "cloudwatch", "iam", "s3", "sqs", "sts"})
"""Services whose code for a denied call is AccessDenied; the others use AccessDeniedException."""
_STATUS_403 = frozenset({"lambda", "sns", *_QUERY_SERVICES})


def authorize(call: Call) -> None:
    """Allow a call, or raise Refused with the service's wording."""
    if (call.service, call.operation) in ALWAYS_ALLOWED:
        return
    if (call.service, call.operation) == ("sts", "AssumeRole"):
        trust.authorize_assume_role(call, denied=denied)
        return
    policies, context = principal_policies(call.principal), call_context(call)
    if policies.identity is None and not policies.scps and call.service in _UNCONDITIONAL:
        return
    for need in needs_of(call):
        decision = decide(call, need, policies=policies, context=context)
        if not decision:
            raise denied(call, need.action, need.resource, decision)


def allowed(call: Call, need: Need) -> bool:
    """Whether the caller of a call may do something else that a service does on the caller's behalf."""
    return bool(decide(call, need, policies=principal_policies(call.principal), context=call_context(call)))


_UNCONDITIONAL = frozenset({"cloudformation", "cloudtrail", "cloudwatch", "iam", "logs", "organizations"})
"""Services without resource policies: nothing limits the management account's administrator there."""


def needs_of(call: Call) -> Iterable[Need]:
    """The actions that a call needs; for one in no table, the action with its name on an unknown resource."""
    special = SPECIAL.get((call.service, call.operation))
    if special is not None:
        return special(call)
    known = table_need(call)
    if known is not None:
        return [known]
    return [Need(action=f"{PREFIXES.get(call.service, call.service)}:{call.operation}", resource=None)]


def decide(call: Call, need: Need, *, policies: PolicySet, context: ConditionContext) -> Decision:
    """Whether a caller with these policies may do one action."""
    need = replace(need, resource=keys.resolved(need.resource))
    owner = need.account or call.account
    context_owner = account_of(need.resource or "") or owner  # other than the owner for a missing repository
    request = AccessRequest(
        subject=subject_of(call.principal),
        action=need.action,
        resource=need.resource,
        resource_account=owner,
        context=context.with_values({**resource_context(context_owner), **_resource_tags(need, owner), **need.context}),
    )
    if need.resource is None:
        return _decide_unknown(request, policies)
    return evaluate(
        request,
        replace(
            policies,
            resource=None if need.creates else resource_policy(need.resource),
            resource_decides=decides_alone(need.resource),
        ),
    )


def _decide_unknown(request: AccessRequest, policies: PolicySet) -> Decision:
    decision = evaluate(request, policies)
    if decision or policies.identity is None:
        return decision
    return Decision(
        allowed=False,
        because=f"{decision.because} (the sandbox cannot determine the resource of this call)",
    )


def _resource_tags(need: Need, account: str) -> Context:
    """aws:ResourceTag/* of an existing repository, visible after a delay that a test sets (assumption A12)."""
    parts = (need.resource or "").split(":", 5)
    if len(parts) != 6 or parts[2] != "ecr" or not parts[5].startswith("repository/"):
        return {}
    if is_altered(Behaviour.TAGS_LATE) or running.current().visibility.hides(need.resource or ""):
        return {}
    tags = ecr_backends[account][parts[3]].tagger.get_tag_dict_for_resource(need.resource or "")
    return {f"{kind}:ResourceTag/{key}": (value,) for kind in ("aws", "ecr") for key, value in tags.items()}


def denied(call: Call, action: str, resource: str | None, decision: Decision) -> Refused:
    """The error that AWS returns for a denied call."""
    code = _CODES.get(call.service, "AccessDenied" if call.service in _QUERY_SERVICES else "AccessDeniedException")
    message = f"User: {call.principal.arn} is not authorized to perform: {action} on resource: {resource or '*'}" + (
        f" {decision.because}" if decision.because else ""
    )
    return Refused(code, message, status=403 if call.service in _STATUS_403 else 400)
