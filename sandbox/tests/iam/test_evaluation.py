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
        pytest.param(PolicySet(identity=policy(allow("ECR:createrepository"))), "", id="actions are case-insensitive"),
        pytest.param(PolicySet(identity=policy(allow("ecr:Create*"))), "", id="actions have wildcards"),
        pytest.param(PolicySet(identity=policy(allow("ecr:Put*"))), "no identity-based policy", id="another action"),
        pytest.param(PolicySet(identity=()), "no identity-based policy", id="no policy allows"),
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
            id="NotAction excludes the action",
        ),
        pytest.param(
            PolicySet(identity=policy({"Effect": "Allow", "Action": "*", "NotResource": REPOSITORY})),
            "no identity-based policy",
            id="NotResource excludes the resource",
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
            id="an SCP applies to an administrator too",
        ),
        pytest.param(PolicySet(identity=FULL, boundary=policy(allow("ecr:*"))), "", id="a boundary allows"),
        pytest.param(
            PolicySet(identity=FULL, boundary=policy(allow("s3:*"))),
            "no permissions boundary",
            id="a boundary does not",
        ),
        pytest.param(
            PolicySet(identity=policy(allow("s3:*")), boundary=FULL),
            "no identity",
            id="a boundary alone grants nothing",
        ),
        pytest.param(
            PolicySet(identity=FULL, session=policy(allow("s3:*"))),
            "no session policy",
            id="a session policy restricts",
        ),
        pytest.param(
            PolicySet(resource=policy(allow(Principal={"AWS": ROLE}))),
            "",
            id="a resource policy for the role suffices in its own account",
        ),
        pytest.param(
            PolicySet(resource=policy(allow(Principal={"AWS": f"arn:aws:iam::{MINE}:root"}))),
            "no identity-based policy",
            id="a resource policy for the account needs an identity policy too",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource=policy(deny(Principal="*"))),
            "explicit deny in a resource-based policy",
            id="a resource policy denies",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource_decides=True), "no resource-based policy", id="a key without a key policy"
        ),
        pytest.param(
            PolicySet(identity=policy(allow("ecr:*", Condition={"StringFoo": {"a": "b"}}))),
            "cannot be judged",
            id="an unsupported policy element denies",
        ),
    ],
)
def test_policy_evaluation(policies: PolicySet, because: str) -> None:
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
            PolicySet(identity=FULL, resource=policy(allow(Principal={"AWS": MINE}))), "", id="both, by account number"
        ),
        pytest.param(PolicySet(identity=FULL, resource=policy(allow(Principal={"AWS": ROLE}))), "", id="both, by role"),
        pytest.param(PolicySet(identity=FULL, resource=policy(allow(Principal="*"))), "", id="both, for anyone"),
        pytest.param(
            PolicySet(
                identity=FULL,
                resource=policy(allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-ours"}})),
            ),
            "no resource-based policy",
            id="a condition of the resource policy does not match",
        ),
        pytest.param(
            PolicySet(identity=FULL, resource=policy(allow(Principal={"AWS": OTHER}))),
            "no resource-based policy",
            id="the resource policy names another principal",
        ),
    ],
)
def test_access_across_accounts_needs_both_policies(policies: PolicySet, because: str) -> None:
    decision = evaluate(request("sqs:SendMessage", FOREIGN), policies)
    assert decision.allowed is (not because)
    assert because in decision.because


def test_an_unknown_resource_is_allowed_by_a_star_only_and_denied_by_any_deny() -> None:
    unknown = request("ecr:Sing", None)
    assert evaluate(unknown, PolicySet(identity=FULL))
    assert not evaluate(unknown, PolicySet(identity=policy(allow("ecr:*", REPOSITORY))))
    assert not evaluate(unknown, PolicySet(identity=policy(allow(), deny("ecr:*", REPOSITORY))))


def test_a_policy_variable_in_a_resource_is_replaced() -> None:
    own = policy(allow("ecr:*", "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*"))
    assert evaluate(request(context={"aws:PrincipalAccount": MINE}), PolicySet(identity=own))
    assert not evaluate(request(context={"aws:PrincipalAccount": OTHER}), PolicySet(identity=own))
    assert not evaluate(request(), PolicySet(identity=own))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param("{", "not JSON", id="invalid JSON"),
        pytest.param({}, "Statement", id="no statement"),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Action": "*", "Resorce": "*"}]}, "Resorce", id="a misspelled element"
        ),
        pytest.param({"Statement": [{"Effect": "Maybe", "Action": "*"}]}, "Maybe", id="an unknown effect"),
        pytest.param({"Statement": [{"Effect": "Allow"}]}, "Action or NotAction", id="no action"),
        pytest.param({"Statement": ["x"]}, "object", id="a statement that is not an object"),
        pytest.param(
            {"Statement": [{"Effect": "Allow", "Action": "*", "Principal": "me"}]},
            "Principal",
            id="an invalid principal",
        ),
    ],
)
def test_an_invalid_policy_is_an_error(document: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_policy(document)
