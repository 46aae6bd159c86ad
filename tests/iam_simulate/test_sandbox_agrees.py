"""The sandbox's IAM and the independent simulator have the same results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from aws_org_sandbox.iam.evaluation import Grant, PolicySet, applies, evaluate, granted
from aws_org_sandbox.iam.policies import Statements, parse_policies, parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject
from tests.iam_simulate.allowed_calls import ALLOWED
from tests.iam_simulate.judge import Call
from tests.iam_simulate.never_calls import NEVER

pytestmark = pytest.mark.slow

RESOURCE_DECIDES = ("sts:", "kms:")
"""Actions whose resource has to admit the caller even within one account."""


def is_allowed(call: Call) -> bool:
    resource = parse_policy(call.resource_policy) if call.resource_policy else ()
    if call.principal.endswith(".amazonaws.com"):
        return admits(resource, request(call, Subject(service=call.principal)))
    role = call.context.get("aws:PrincipalArn")
    names = (call.principal, role) if isinstance(role, str) else (call.principal,)
    subject = Subject(arns=names, account=call.principal.split(":")[4])
    policies = PolicySet(
        identity=parse_policies(call.identity_policies),
        resource=resource,
        resource_decides=call.action.startswith(RESOURCE_DECIDES),
    )
    return bool(evaluate(request(call, subject), policies))


def admits(policy: Statements, asked: AccessRequest) -> bool:
    """Whether a service is allowed, which only the policy of the resource decides."""
    denied = any(statement.effect == "Deny" and applies(statement, asked) for statement in policy)
    return not denied and granted(policy, asked) is not Grant.NONE


def request(call: Call, subject: Subject) -> AccessRequest:
    return AccessRequest(
        subject=subject,
        action=call.action,
        resource=call.resource,
        resource_account=call.account,
        context=ConditionContext(values(call.context)),
    )


def values(context: Mapping[str, str | Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {key: (value,) if isinstance(value, str) else tuple(value) for key, value in context.items()}


@pytest.mark.parametrize("call", ALLOWED.values(), ids=ALLOWED.keys())
def test_the_sandbox_allows_needed_calls(call: Call) -> None:
    assert is_allowed(call)


@pytest.mark.parametrize("call", NEVER.values(), ids=NEVER.keys())
def test_the_sandbox_denies_forbidden_calls(call: Call) -> None:
    assert not is_allowed(call)
