"""A33: ECR refuses the repository policies that `deployer validate` refuses by inference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from acceptance.check import Check, Finding, held, refuted
from acceptance.journal import Resource
from acceptance.lab import Lab
from acceptance.rigs.stack_sets import refusal_of

REFUSED: Final = "InvalidParameterException"
_STATEMENT: Final = {"Sid": "Pull", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
_KEY: Final = {"aws:PrincipalOrgID": "o-exampleorg1"}
INFERRED: Final[Mapping[str, Mapping[str, Any]]] = {
    "no action": {"Action": []},
    "an action of another service": {"Action": "s3:GetObject"},
    "no principal": {"Principal": {"AWS": []}},
    "a principal that is an empty object": {"Principal": {}},
    "a wildcard as kind of principal": {"Principal": {"*": "*"}},
    "a wildcard in a principal": {"Principal": {"AWS": "arn:aws:iam::300000000001:role/ci-*"}},
    "a service without a domain": {"Principal": {"Service": "codebuild"}},
    "a condition without operator": {"Condition": _KEY},
    "an operator in small letters": {"Condition": {"stringEquals": _KEY}},
    "an operator without keys": {"Condition": {"StringEquals": {}}},
    "a condition key without values": {"Condition": {"StringEquals": {"aws:PrincipalOrgID": []}}},
    "a word as number": {"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "ten"}}},
    "an unknown element": {"Conditions": {"StringEquals": _KEY}},
    "a resource": {"Resource": "*"},
}
"""What is changed in a statement that ECR accepts."""


def run(lab: Lab) -> Finding:
    """Put each policy on a repository."""
    client, name = lab.client("member", "ecr"), f"{lab.prefix}/policies"
    resource = Resource(kind="repository", side="member", region=lab.environment.region, name=name)
    lab.create(resource, lambda: client.create_repository(repositoryName=name))
    policies = {what: [{**_STATEMENT, **change}] for what, change in INFERRED.items()} | {"no statement": []}
    answers = {what: _answer(client, name, statements) for what, statements in policies.items()}
    accepted = [what for what, answer in answers.items() if answer["code"] != REFUSED]
    if accepted:
        return refuted(f"ECR does not refuse {', '.join(accepted)}", **answers)
    return held(f"ECR refuses all {len(answers)} policies", **answers)


def _answer(client: Any, name: str, statements: list[Any]) -> dict[str, str]:
    try:
        client.set_repository_policy(
            repositoryName=name, policyText=json.dumps({"Version": "2012-10-17", "Statement": statements})
        )
    except ClientError as error:
        return refusal_of(error)
    return {"code": "", "message": "The call succeeded"}


CHECK = Check(
    number=33,
    title="ECR refuses repository policies with empty lists, unknown elements and values of another type",
    run=run,
    creates=("member: a repository",),
    minutes=1,
    altered_by="REPOSITORY_POLICIES_UNCHECKED",
)
