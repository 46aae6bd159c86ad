"""The guard's policies in an independent IAM simulator: who may create by pushing, and what else is denied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handler.settings import PrincipalRules
from templates.guard import guard
from templates.names import Names
from tests.iam_simulate.judge import ANYTHING, Call, Verdict, is_installed, is_required, judge

pytestmark = pytest.mark.slow

if not is_installed() and not is_required():
    pytest.skip("the judge of IAM policies is not installed (make node)", allow_module_level=True)

ORGANIZATION, OWNER, SIBLING, OUTSIDER = "o-exampleorg1", "500000000001", "300000000001", "999999999999"
PATH = f"{ORGANIZATION}/r-exam/ou-exam-sand0001/"
NAMES = Names(
    prefix="deployer", organization_id=ORGANIZATION, central_account="200000000001", central_region="eu-west-1"
)
RULES = PrincipalRules(allow=("arn:aws:iam::*:role/ci-*", "*/builder"), deny=("arn:aws:iam::*:role/ci-old",))
GUARD = guard(RULES, prefixes=["team-a", "team-a/web"], ou_path=PATH, names=NAMES)
ROLE = "arn:aws:iam::{}:role/{}"
CREATING = ("InitiateLayerUpload", "PutImage")


def call(
    *,
    account: str = OWNER,
    role: str = "ci-build",
    action: str = "InitiateLayerUpload",
    repository: str = "team-a/api",
    owner_path: str = PATH,
    policy: Any = None,
) -> Call:
    """A caller whom all other policies allow to push; the repository's policy allows every account."""
    organization = {} if account == OUTSIDER else {"aws:PrincipalOrgID": ORGANIZATION}
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return Call(
        principal=ROLE.format(account, role),
        action=f"ecr:{action}",
        resource=f"arn:aws:ecr:eu-west-1:{OWNER}:repository/{repository}",
        account=OWNER,
        context={
            "aws:PrincipalArn": ROLE.format(account, role),
            "aws:PrincipalIsAWSService": "false",
            "aws:ResourceOrgPaths": [owner_path],
            **organization,
        },
        identity_policies=(ANYTHING,),
        resource_policy=policy or {"Version": "2012-10-17", "Statement": [everybody]},
    )


def by_resource(one: Call) -> Call:
    assert GUARD.resource_control_policy is not None
    return replace(one, resource_control_policies=(GUARD.resource_control_policy,))


def by_caller(one: Call) -> Call:
    assert GUARD.service_control_policy is not None
    return replace(one, service_control_policies=(GUARD.service_control_policy,))


ALLOWED = {
    "a permitted role of the registry's account pushes": call(),
    "a permitted role of another account of the organization pushes": call(account=SIBLING),
    "a role that a short glob permits pushes": call(role="builder"),
    "another role pulls": call(role="developer", action="BatchGetImage"),
    "another role pushes to a name that no template covers": call(role="developer", repository="other/api"),
    "another role queries layers": call(role="developer", action="BatchCheckLayerAvailability"),
    "ECR creates with the template's role": call(role="deployer-native-eu-west-1-0a1b2c3d", action="CreateRepository"),
}
REFUSED = {
    **{f"another role may not {action}": call(role="developer", action=action) for action in CREATING},
    "a denied role may not push": call(role="ci-old"),
    "another role of another account may not push": call(account=SIBLING, role="developer"),
    "another role may not push to a name below a longer prefix": call(role="developer", repository="team-a/web/x"),
}
BY_CALLER_ALLOWED = {
    **ALLOWED,
    "another role pushes to the registries of other OUs": call(
        role="developer", owner_path=f"{ORGANIZATION}/r-exam/ou-exam-prod0001/"
    ),
}
BY_RESOURCE_REFUSED = {
    **REFUSED,
    "a role outside the organization may not push, though it has a permitted name": call(account=OUTSIDER),
}
TABLE = {
    **{f"RCP: {sentence}": (by_resource(one), True) for sentence, one in ALLOWED.items()},
    **{f"RCP: {sentence}": (by_resource(one), False) for sentence, one in BY_RESOURCE_REFUSED.items()},
    **{f"SCP: {sentence}": (by_caller(one), True) for sentence, one in BY_CALLER_ALLOWED.items()},
    **{f"SCP: {sentence}": (by_caller(one), False) for sentence, one in REFUSED.items()},
    **{f"without: {sentence}": (one, True) for sentence, one in {**ALLOWED, **BY_RESOURCE_REFUSED}.items()},
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    return dict(zip(TABLE, judge([one for one, _ in TABLE.values()]), strict=True))


@pytest.mark.parametrize("sentence", TABLE)
def test_the_simulator_agrees(sentence: str, verdicts: dict[str, Verdict]) -> None:
    assert verdicts[sentence].is_allowed is TABLE[sentence][1]
    assert list(verdicts[sentence].ignored) == []
