"""The guard denies pushes of exactly the principals that the handler would refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_org_sandbox.iam.evaluation import applies
from aws_org_sandbox.iam.policies import parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject
from handler.globs import first_arn_match
from handler.settings import PrincipalRules
from templates.guard import LARGEST, Guard, guard, sizes
from templates.names import Names

ORGANIZATION, OWNER = "o-exampleorg1", "500000000001"
NAMES = Names(
    prefix="deployer", organization_id=ORGANIZATION, central_account="200000000001", central_region="eu-west-1"
)
OU = f"{ORGANIZATION}/r-exam/ou-exam-sand0001/"


def guarded(rules: PrincipalRules, *prefixes: str) -> Guard:
    return guard(rules, prefixes=prefixes or ("team-a",), ou_path=OU, names=NAMES)


def denies(policy: Any, principal: str, *, organization: str | None = ORGANIZATION) -> bool:
    """Whether a policy denies a push to the OU, by the rules of IAM."""
    if policy is None:
        return False
    context = {
        "aws:PrincipalArn": (principal,),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:PrincipalOrgID": (organization,) if organization else None,
        "aws:ResourceOrgPaths": (OU,),
    }
    request = AccessRequest(
        subject=Subject(arns=(principal,), account=principal.split(":")[4]),
        action="ecr:InitiateLayerUpload",
        resource=f"arn:aws:ecr:eu-west-1:{OWNER}:repository/team-a/api",
        resource_account=OWNER,
        context=ConditionContext(context),
    )
    return any(applies(statement, request) for statement in parse_policy(policy))


ARNS = ("arn:aws:iam::*:role/*", "arn:aws:iam::*:role/ci-*", "arn:aws:iam::500000000001:user/*")
LITERALS = (
    "arn:aws:iam::*:role/ci-buil?",
    "*:user/bo?",
    "arn:aws:iam::*:${*}",
    "arn:aws:iam::*:user/${aws:PrincipalArn}",
)
"""IAM would read the last of these as wildcards and variables; the handler does not."""
globs = st.sampled_from(["*", "*ci-*", "*:user/bob", *ARNS, *LITERALS])
principals = st.sampled_from(
    [
        f"arn:aws:iam::{account}:{name}"
        for account in (OWNER, "300000000001")
        for name in ("role/ci-build", "role/team/ci-build", "role/developer", "user/bob")
    ]
)


@given(allow=st.lists(globs, max_size=3), deny=st.lists(globs, max_size=2), principal=principals)
def test_both_policies_deny_the_callers_that_the_rules_refuse_and_no_other_member(
    allow: list[str], deny: list[str], principal: str
) -> None:
    rules = PrincipalRules(allow=tuple(allow), deny=tuple(deny))
    refused = not first_arn_match(allow, [principal]) or bool(first_arn_match(deny, [principal]))
    found = guarded(rules)
    assert denies(found.resource_control_policy, principal) is refused
    assert denies(found.service_control_policy, principal) is refused


def test_callers_outside_the_organization_are_denied_only_by_the_resource_control_policy() -> None:
    outsider = "arn:aws:iam::999999999999:role/ci-build"
    found = guarded(PrincipalRules())
    for organization in ("o-another", None):
        assert denies(found.resource_control_policy, outsider, organization=organization)
    assert found.service_control_policy is None
    permitted = guarded(PrincipalRules(outside_organization=True))
    assert (permitted.resource_control_policy, permitted.also_refused) == (None, ())


@pytest.mark.parametrize(
    ("prefixes", "paths"),
    [
        (("ROOT", "team-a"), ["*"]),
        (("team-a/web", "team-a", "team-ab"), ["team-a/*", "team-ab/*"]),
    ],
)
def test_only_names_that_templates_cover_are_denied(prefixes: tuple[str, ...], paths: list[str]) -> None:
    policy = guarded(PrincipalRules(), *prefixes).resource_control_policy
    assert policy is not None
    assert policy["Statement"][0]["Resource"] == [f"arn:aws:ecr:*:*:repository/{path}" for path in paths]


@pytest.mark.parametrize(
    ("allowed", "denied"),
    [
        ("arn:aws:sts::*:assumed-role/ci/build-*", "arn:aws:sts::*:assumed-role/ci/old-*"),
        ("arn:aws:sts::*:*", "arn:aws:sts::400000000001:assumed-*"),
        ("arn:aws:sts:*", "arn:*:s*s:*"),
    ],
)
def test_rules_that_policies_cannot_evaluate_are_named(allowed: str, denied: str) -> None:
    found = guarded(PrincipalRules(allow=(allowed,), deny=(denied,)), "ROOT")
    assert any(allowed in sentence for sentence in found.also_refused)
    assert any("deployer-repairer" in sentence for sentence in found.also_refused)
    assert any(denied in sentence for sentence in found.not_refused)
    assert denies(found.resource_control_policy, "arn:aws:iam::500000000001:role/ci")


@pytest.mark.parametrize("glob", ["*", "arn:*", "arn:aws:*", "arn:*:*:*", "arn:aws:i*", "arn:aws:iam::*:role/ci"])
def test_globs_that_match_roles_are_not_named(glob: str) -> None:
    found = guarded(PrincipalRules(allow=(glob,), deny=(glob,)), "ROOT")
    sentences = (*found.also_refused, *found.not_refused)
    assert sentences
    assert not any("not their sessions" in sentence for sentence in sentences)


def test_the_size_of_each_policy_is_known() -> None:
    small, large = guarded(PrincipalRules()), guarded(PrincipalRules(), *(f"team-{n:03}" for n in range(200)))
    assert sizes(small)["resource control policy"] < LARGEST < sizes(large)["resource control policy"]
