"""Whether policies allow a call, compared with the sandbox's evaluation of policies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_org_sandbox.iam.evaluation import PolicySet, evaluate
from aws_org_sandbox.iam.policies import parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject
from deployer.doctor.actual_state import ServiceControlPolicy
from deployer.doctor.scps import Request, obstacle
from tests.deployer.doctor.actual_state import EVERYTHING

ACCOUNT = "300000000001"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer-creator"
REQUEST = Request(
    principal=ROLE,
    action="ecr:CreateRepository",
    resource=f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team-a/api",
    region="us-east-1",
)
TAG = "aws:RequestTag/team"
"""A key whose value nobody knows before the call."""


def policy(*statements: dict[str, Any], name: str = "p-test0000") -> ServiceControlPolicy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return ServiceControlPolicy(id=name, name=name, content=json.dumps(document))


def deny(**members: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "ecr:*", "Resource": "*", **members}


DENIES: dict[str, tuple[dict[str, Any], bool | None]] = {
    "everything of the service": (deny(), True),
    "another service": (deny(Action="sqs:*"), False),
    "actions in another case": (deny(Action="ECR:createrepository"), True),
    "all but the needed actions": ({"Effect": "Deny", "NotAction": ["ecr:*"], "Resource": "*"}, False),
    "all but other services": ({"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}, True),
    "other repositories": (deny(Resource="arn:aws:ecr:*:*:repository/prod-*"), False),
    "all but other repositories": ({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::*"}, True),
    "the region": (deny(Condition={"StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-east-2"]}}), True),
    "other regions": (deny(Condition={"StringNotEquals": {"aws:RequestedRegion": ["us-east-1"]}}), False),
    "other regions, by a pattern": (deny(Condition={"StringNotLike": {"aws:requestedregion": "eu-*"}}), True),
    "all but this role": (deny(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/deployer-*"}}), False),
    "all but another role": (deny(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}), True),
    "a region, but not this role": (
        deny(Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"},
                        "ArnNotEquals": {"aws:PrincipalArn": ROLE}}),
        False,
    ),
    "requests without a tag": (deny(Condition={"Null": {TAG: "true"}}), None),
    "a tag, in another region": (
        deny(Condition={"StringEquals": {TAG: "x", "aws:RequestedRegion": "eu-west-1"}}), False,
    ),
    "a tag, in this region": (
        deny(Condition={"StringEquals": {TAG: "x", "aws:RequestedRegion": "us-east-1"}}), None,
    ),
    "a variable with the value of this account": (
        deny(Condition={"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}), False,
    ),
    "a variable whose key is only known during a call": (
        deny(Condition={"StringNotEquals": {"aws:PrincipalAccount": "${aws:PrincipalTag/account}"}}), None,
    ),
    "a resource by a variable": (deny(Resource="arn:aws:ecr:*:${aws:PrincipalAccount}:repository/team-a/*"), True),
    "a resource by a variable that is only known during a call": (
        deny(Resource="arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*"), None,
    ),
    "an unknown operator": (deny(Condition={"Bool": {"aws:RequestedRegion": "true"}}), None),
    "several values of one key": (
        deny(Condition={"ForAnyValue:StringEquals": {"aws:RequestedRegion": "us-east-1"}}), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "denied"), DENIES.values(), ids=DENIES)
def test_whether_a_statement_denies_a_call(statement: dict[str, Any], denied: bool | None) -> None:
    found = obstacle([("r-exam", (EVERYTHING, policy(statement)))], REQUEST)
    assert (found and found.is_certain) is (denied or (None if denied is False else False))


def test_a_single_statement_need_not_be_in_a_list() -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": deny()})
    alone = ServiceControlPolicy(id="p-alone000", name="alone", content=document)
    found = obstacle([("r-exam", (EVERYTHING, alone))], REQUEST)
    assert found is not None
    assert (found.policy, found.level, found.is_certain) == (alone, "r-exam", True)


def test_every_level_must_allow() -> None:
    only = policy({"Effect": "Allow", "Action": ["s3:*", "ecr:*"], "Resource": "*"})
    other = policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    assert obstacle([("r-exam", (EVERYTHING,)), ("ou-a", (only,))], REQUEST) is None
    found = obstacle([("r-exam", (EVERYTHING,)), ("ou-a", (other,))], REQUEST)
    assert found is not None
    assert (found.policy, found.level, found.is_certain) == (None, "ou-a", True)


def test_a_certain_denial_takes_precedence_over_a_possible_one() -> None:
    perhaps, surely = policy(deny(Condition={"Null": {TAG: "true"}}), name="p-perhaps0"), policy(deny())
    found = obstacle([("r-exam", (EVERYTHING, perhaps)), ("ou-a", (EVERYTHING, surely))], REQUEST)
    assert found is not None
    assert (found.policy, found.level) == (surely, "ou-a")


ACTIONS = st.sampled_from(
    ["*", "ecr:*", "ecr:Create*", "ECR:createrepository", "s3:*", "ecr:?reateRepository", "iam:*"]
)
RESOURCES = st.sampled_from(["*", "arn:aws:ecr:*:*:repository/*", "arn:aws:ecr:eu-west-1:*:*", "arn:aws:s3:::*",
                             "arn:aws:ecr:*:300000000001:repository/team-?/api"])  # fmt: skip
REGIONS = st.lists(st.sampled_from(["us-east-1", "eu-west-1", "us-*", "*"]), min_size=1, max_size=2)
ROLES = st.sampled_from([ROLE, "arn:aws:iam::*:role/deployer-*", "arn:aws:iam::*:role/admin", "arn:*", "*"])
CONDITIONS = st.one_of(
    st.tuples(
        st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringLikeIfExists"]),
        st.just("aws:RequestedRegion"),
        REGIONS,
    ),
    st.tuples(
        st.sampled_from(["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"]),
        st.just("aws:PrincipalArn"),
        ROLES.filter(lambda pattern: pattern.count(":") == 5),
    ),
    st.tuples(st.sampled_from(["StringLike", "StringNotLike"]), st.just("aws:PrincipalArn"), ROLES),
    st.tuples(st.sampled_from(["StringEquals", "StringNotEquals"]), st.just(TAG), st.sampled_from(["x", "y"])),
    st.tuples(st.just("Null"), st.just(TAG), st.sampled_from(["true", "false"])),
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for operator, key, values in draw(st.lists(CONDITIONS, max_size=2)):
        conditions.setdefault(operator, {})[key] = values
    return {
        "Effect": draw(st.sampled_from(["Deny", "Allow"])),
        draw(st.sampled_from(["Action", "NotAction"])): draw(st.lists(ACTIONS, min_size=1, max_size=2)),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(st.lists(RESOURCES, min_size=1, max_size=2)),
        **({"Condition": conditions} if conditions else {}),
    }


LEVELS = st.lists(st.lists(statements(), max_size=3), min_size=1, max_size=3)


@given(LEVELS, st.booleans())
def test_it_agrees_with_an_evaluation_for_every_tag(levels: list[list[dict[str, Any]]], everything: bool) -> None:
    """Certain means denied whatever the tag; allowed means allowed whatever the tag."""
    more = [{"Effect": "Allow", "Action": "*", "Resource": "*"}] if everything else []
    documents = [policy(*level, *more) for level in levels]
    found = obstacle([(str(number), (one,)) for number, one in enumerate(documents)], REQUEST)
    verdicts = {allowed(documents, tag) for tag in (None, "x", "y", "z")}
    if found is None:
        assert verdicts == {True}
    elif found.is_certain:
        assert verdicts == {False}


def allowed(documents: list[ServiceControlPolicy], tag: str | None) -> bool:
    """The decision of the sandbox's engine on the request with a tag of this value, or without one."""
    context = {"aws:RequestedRegion": "us-east-1", "aws:PrincipalArn": ROLE, "aws:PrincipalAccount": ACCOUNT, TAG: tag}
    request = AccessRequest(
        subject=Subject(arns=(ROLE,), account=ACCOUNT),
        action=REQUEST.action,
        resource=REQUEST.resource,
        resource_account=ACCOUNT,
        context=ConditionContext(context),
    )
    scps = [parse_policy(json.loads(one.content)) for one in documents]
    return bool(evaluate(request, PolicySet(identity=None, scps=scps)))
