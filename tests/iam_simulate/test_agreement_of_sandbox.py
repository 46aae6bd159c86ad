"""The sandbox's evaluation and an independent one have the same results for the same calls and policies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from aws_org_sandbox.iam.evaluation import PolicySet, evaluate
from aws_org_sandbox.iam.policies import parse_policies, parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject
from tests.iam_simulate.judge import Call, is_installed, is_required, judge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed() and not is_required(), reason="node or iam-simulate is not installed"),
]

MINE, OTHER = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{MINE}:role/creator"
SESSION = f"arn:aws:sts::{MINE}:assumed-role/creator/session"
QUEUE, FOREIGN_QUEUE = f"arn:aws:sqs:eu-west-1:{MINE}:failures", f"arn:aws:sqs:eu-west-1:{OTHER}:failures"

CONTEXTS: tuple[dict[str, str], ...] = (
    {},
    {"aws:PrincipalOrgID": "o-ours"},
    {"aws:PrincipalOrgID": "o-other", "aws:RequestedRegion": "eu-west-1"},
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringEqualsIfExists": {"aws:PrincipalOrgID": ["o-ours"]}},
    {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    {"Null": {"aws:PrincipalOrgID": "true"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ["o-ours"]}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgID": ["o-ou*"]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/cre*"}},
    {"StringNotLike": {"aws:RequestedRegion": "us-*"}, "ArnNotEquals": {"aws:PrincipalArn": ROLE}},
)
PRINCIPALS: tuple[Any, ...] = ("*", {"AWS": MINE}, {"AWS": f"arn:aws:iam::{MINE}:root"}, {"AWS": ROLE}, {"AWS": OTHER})


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statement(effect: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sqs:SendMessage", "Resource": resource, **more}


def _call(resource: str, context: dict[str, str], identity: list[Any], resource_policy: Any) -> Call:
    return Call(
        principal=SESSION,
        action="sqs:SendMessage",
        resource=resource,
        account=resource.split(":")[4],
        context={"aws:PrincipalArn": ROLE, "aws:PrincipalAccount": MINE, **context},
        identity_policies=identity,
        resource_policy=resource_policy,
    )


def _calls() -> Iterator[Call]:
    allow, deny = _document(_statement("Allow")), _document(_statement("Deny"))
    for context, condition, effect in itertools.product(CONTEXTS, CONDITIONS, ("Allow", "Deny")):
        conditional = _document(_statement("Allow"), _statement(effect, Condition=condition))
        alone = _document(_statement(effect, Condition=condition))
        yield _call(QUEUE, context, [conditional], None)
        yield _call(QUEUE, context, [alone], None)
        yield _call(FOREIGN_QUEUE, context, [allow], _document(_statement(effect, Principal="*", Condition=condition)))
    for principal, identity, resource in itertools.product(PRINCIPALS, ([], [allow], [deny]), (QUEUE, FOREIGN_QUEUE)):
        yield _call(resource, {}, identity, _document(_statement("Allow", resource, Principal=principal)))
        yield _call(resource, {}, identity, _document(_statement("Deny", resource, Principal=principal)))


def _our_verdict(call: Call) -> bool:
    request = AccessRequest(
        subject=Subject(arns=(SESSION, ROLE), account=MINE),
        action=call.action,
        resource=call.resource,
        resource_account=call.account,
        context=ConditionContext({key: str(value) for key, value in call.context.items()}),
    )
    resource = parse_policy(call.resource_policy) if call.resource_policy else None
    return bool(evaluate(request, PolicySet(identity=parse_policies(call.identity_policies), resource=resource)))


def test_every_verdict_is_the_same() -> None:
    calls = list(_calls())
    verdicts = judge(calls)
    differing = [
        (call.simulation(), verdict.result)
        for call, verdict in zip(calls, verdicts, strict=True)
        if _our_verdict(call) is not verdict.is_allowed
    ]
    assert not differing, differing[:3]
    assert {verdict.is_allowed for verdict in verdicts} == {True, False}
