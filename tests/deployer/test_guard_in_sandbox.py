"""The guard's service control policy, attached to the root of the sandbox's organization."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.oci import images as oci_images
from aws_org_sandbox.oci.client import Client, Rejected
from aws_org_sandbox.registry.hosts import host_of
from aws_org_sandbox.sandbox import Sandbox
from deployer.pushing.pusher_policy import PUSH_ACTIONS
from handler.settings import PrincipalRules
from templates.guard import guard
from templates.names import Names
from tests.principals import role

OWNER, SIBLING, MANAGEMENT, REGION = "500000000001", "300000000001", "100000000000", "eu-west-1"
OU = "o-exampleorg1/r-exam/ou-exam-sand0001/"
PUSH = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", *PUSH_ACTIONS], "Resource": "*"}],
}


def attach(sandbox: Sandbox) -> None:
    names = Names(
        prefix="deployer", organization_id="o-exampleorg1", central_account="200000000001", central_region=REGION
    )
    rules = PrincipalRules(allow=("arn:aws:iam::*:role/ci-*",))
    found = guard(rules, prefixes=["team-a"], ou_path=OU, names=names)
    organizations = sandbox.client("organizations", account=MANAGEMENT)
    policy = organizations.create_policy(
        Name="guard",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps(found.service_control_policy),
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=policy["Id"], TargetId="r-exam")


def push(sandbox: Sandbox, name: str, repository: str, *, account: str = OWNER) -> None:
    ecr = sandbox.client_with(role(sandbox, account, PUSH, name=name), "ecr")
    registry = Client.login(ecr, endpoint=sandbox.endpoint_url, registry=host_of(OWNER, REGION))
    registry.push(oci_images.build(), repository, "1")


def names_of(ecr: Any) -> set[str]:
    return {one["repositoryName"] for one in ecr.describe_repositories()["repositories"]}


def test_only_permitted_roles_create_by_pushing(sandbox: Sandbox) -> None:
    ecr = sandbox.client("ecr", account=OWNER)
    ecr.create_repository_creation_template(prefix="team-a", appliedFor=["CREATE_ON_PUSH"])
    push(sandbox, "developer", "team-a/before")
    attach(sandbox)
    for name, account in (("other", OWNER), ("other", SIBLING)):
        with pytest.raises(Rejected, match="explicit deny in a service control policy"):
            push(sandbox, name, "team-a/after", account=account)
    with pytest.raises(Rejected, match="does not exist"):
        push(sandbox, "free", "elsewhere/api")  # no template covers it: the guard has no part in the refusal
    push(sandbox, "ci-build", "team-a/permitted")
    assert names_of(ecr) == {"team-a/before", "team-a/permitted"}
