from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aws_org_sandbox.iam.evaluation import PolicySet, evaluate
from aws_org_sandbox.iam.policies import PolicyError, Statements, parse_policy
from aws_org_sandbox.iam.requests import AccessRequest, ConditionContext, Subject

MINE, OTHER = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{MINE}:role/creator"
SESSION = f"arn:aws:sts::{MINE}:assumed-role/creator/s"
REPOSITORY = f"arn:aws:ecr:eu-west-1:{MINE}:repository/team-a/api"
FOREIGN = f"arn:aws:sqs:eu-west-1:{OTHER}:queue"


def allow(action: str | list[str] = "*", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str = "*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def policy(*statements: Mapping[str, Any]) -> Statements:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)})


def request(action: str = "ecr:CreateRepository", resource: str | None = REPOSITORY, **context: Any) -> AccessRequest:
    owner = resource.split(":")[4] if resource else MINE
    return AccessRequest(
        subject=Subject(arns=(SESSION, ROLE), account=MINE),
        action=action,
        resource=resource,
        resource_account=owner,
        context=ConditionContext(context.get("context")),
    )


FULL = policy(allow())


@pytest.mark.parametrize(
    ("policies", "because"),
    [
        pytest.param(PolicySet(identity=policy(allow("ecr:*"))), "", id="an identity policy allows"),
        pytest.param(PolicySet(identity=policy(allow("ECR:createrepository"))), "", id="actions know no case"),
        pytest.param(PolicySet(identity=policy(allow("ecr:Create*"))), "", id="actions have wildcards"),
        pytest.param(PolicySet(identity=policy(allow("ecr:Put*"))), "no identity-based policy", id="another action"),
        pytest.param(PolicySet(identity=()), "no identity-based policy", id="nothing allows"),
        pytest.param(PolicySet(identity=None), "", id="an unrestricted identity"),
        pytest.param(
            PolicySet(identity=policy(allow("ecr:*", f"arn:aws:ecr:*:{MINE}:repository/*"))),
            "",
            id="resource wildcards",
        ),
        pytest.param(
            PolicySet(identity=policy(allow("ecr:*", f"arn:aws:ecr:*:{OTHER}:repository/*"))),
            "no identity-based policy",
            id="another account's resources",
        ),
        pytest.param(
            PolicySet(identity=policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})), "", id="NotAction"
        ),
        pytest.param(
            PolicySet(identity=policy({"Effect": "Allow", "NotAction": "ecr:*", "Resource": "*"})),
            "no identity-based policy",
            id="NotAction leaves this one out",
        ),
        pytest.param(
            PolicySet(identity=policy({"Effect": "Allow", "Action": "*", "NotResource": REPOSITORY})),
            "no identity-based policy",
            id="NotResource leaves this one out",
        ),
        pytest.param(
            PolicySet(identity=policy(allow(), deny("ecr:CreateRepository"))),
            "explicit deny in an identity-based policy",
            id="deny wins over allow",
        ),
        pytest.param(PolicySet(identity=FULL, scps=[FULL, FULL]), "", id="every SCP level allows"),
        pytest.param(
            PolicySet(identity=FULL, scps=[FULL, policy(allow("s3:*"))]),
            "no service control policy",
            id="one SCP level does not allow",
        ),
        pytest.param(
            PolicySet(identity=None, scps=[policy(allow(), deny("ecr:*"))]),
            "explicit deny in a service control policy",
            id="an SCP holds an administrator too",
        ),
        pytest.param(PolicySet(identity=FULL, boundary=policy(allow("ecr:*"))), "", id="a boundary allows"),
        pytest.param(
            PolicySet(identity=FULL, boundary=policy(allow("s3:*"))),
            "no permissions boundary",
            id="a boundary does not",
        ),
        pytest.param(
            PolicySet(identity=policy(allow("s3:*")), boundary=FULL), "no identity", id="a boundary grants none"
        ),
        pytest.param(
            PolicySet(identity=FULL, session=policy(allow("s3:*"))), "no session policy", id="a session policy narrows"
        ),
        pytest.param(
            PolicySet(resource=policy(allow(Principal={"AWS": ROLE}))),
            "",
            id="a resource names the role: enough at home",
        ),
        pytest.param(
            PolicySet(resource=policy(allow(Principal={"AWS": f"arn:aws:iam::{MINE}:root"}))),
            "no identity-based policy",
            id="a resource names the account: its policies decide",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource=policy(deny(Principal="*"))),
            "explicit deny in a resource-based policy",
            id="a resource denies",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource_decides=True), "no resource-based policy", id="a key without a policy"
        ),
        pytest.param(
            PolicySet(identity=policy(allow("ecr:*", Condition={"StringFoo": {"a": "b"}}))),
            "cannot be judged",
            id="a policy that is not understood refuses",
        ),
    ],
)
def test_policies_decide(policies: PolicySet, because: str) -> None:
    decision = evaluate(request(), policies)
    assert decision.allowed is (not because)
    assert because in decision.because


@pytest.mark.parametrize(
    ("policies", "because"),
    [
        pytest.param(PolicySet(identity=FULL), "no resource-based policy", id="the other account has no policy"),
        pytest.param(
            PolicySet(resource=policy(allow(Principal={"AWS": ROLE}))),
            "no identity-based",
            id="its own account has no policy",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource=policy(allow(Principal={"AWS": MINE}))), "", id="both: by account number"
        ),
        pytest.param(PolicySet(identity=FULL, resource=policy(allow(Principal={"AWS": ROLE}))), "", id="both: by role"),
        pytest.param(PolicySet(identity=FULL, resource=policy(allow(Principal="*"))), "", id="both: anyone"),
        pytest.param(
            PolicySet(
                identity=FULL,
                resource=policy(allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-ours"}})),
            ),
            "no resource-based policy",
            id="a condition of the resource does not hold",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource=policy(allow(Principal={"AWS": OTHER}))),
            "no resource-based policy",
            id="the resource names somebody else",
        ),
    ],
)
def test_across_accounts_both_sides_must_agree(policies: PolicySet, because: str) -> None:
    decision = evaluate(request("sqs:SendMessage", FOREIGN), policies)
    assert decision.allowed is (not because)
    assert because in decision.because


def test_an_unknown_resource_is_allowed_by_a_star_only_and_denied_by_any_deny() -> None:
    unknown = request("ecr:Sing", None)
    assert evaluate(unknown, PolicySet(identity=FULL))
    assert not evaluate(unknown, PolicySet(identity=policy(allow("ecr:*", REPOSITORY))))
    assert not evaluate(unknown, PolicySet(identity=policy(allow(), deny("ecr:*", REPOSITORY))))


def test_a_policy_variable_in_a_resource_is_filled_in() -> None:
    own = policy(allow("ecr:*", "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*"))
    assert evaluate(request(context={"aws:PrincipalAccount": MINE}), PolicySet(identity=own))
    assert not evaluate(request(context={"aws:PrincipalAccount": OTHER}), PolicySet(identity=own))
    assert not evaluate(request(), PolicySet(identity=own))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param("{", "not JSON", id="no JSON"),
        pytest.param({}, "Statement", id="no statement"),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Action": "*", "Resorce": "*"}]}, "Resorce", id="a typing error"
        ),
        pytest.param({"Statement": [{"Effect": "Maybe", "Action": "*"}]}, "Maybe", id="an unknown effect"),
        pytest.param({"Statement": [{"Effect": "Allow"}]}, "Action or NotAction", id="no action"),
        pytest.param({"Statement": ["x"]}, "object", id="a statement that is none"),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Action": "*", "Principal": "me"}]}, "Principal", id="a bad principal"
        ),
    ],
)
def test_a_policy_that_cannot_be_read_is_an_error(document: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_policy(document)
