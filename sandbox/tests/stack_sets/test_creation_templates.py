"""An account that moves between two StackSets whose creation templates have the same prefix."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stack_sets.test_in_sandbox import DEV, HOME, PROD, SHOP, StackSets
from sandbox.tests.stacks import allow, role, trust

LIMIT = 60.0


def template(name: str, mutability: str) -> str:
    properties = {
        "Prefix": "team-a",
        "AppliedFor": ["CREATE_ON_PUSH"],
        "CustomRoleArn": {"Fn::GetAtt": ["Creator", "Arn"]},
        "ImageTagMutability": mutability,
    }
    creator = role(name, allow("ecr:CreateRepository"), trusts=trust({"Service": "ecr.amazonaws.com"}))
    resource = {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": properties}
    return json.dumps({"Resources": {"Creator": creator, "Template": resource}})


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


@pytest.mark.parametrize("first", ["creation", "deletion"])
def test_deletion_and_creation_run_in_any_order_and_the_creation_may_fail(sandbox: Sandbox, first: str) -> None:
    """Nothing orders the operations of two StackSets; the calls that come second in this test are held until then."""
    stack_sets = StackSets(sandbox)
    for name, ou, mutability in (("prod", PROD, "IMMUTABLE"), ("dev", DEV, "MUTABLE")):
        stack_sets.create(name, template(name, mutability), Capabilities=["CAPABILITY_NAMED_IAM"])
        stack_sets.deploy(ou, name=name)
    sandbox.settle()
    held = "DeleteRepositoryCreationTemplate" if first == "creation" else "CreateRole"
    with sandbox.held(service="*", operation=held):
        sandbox.move_account(SHOP, DEV)
        if first == "creation":
            wait_until(lambda: detailed(stack_sets, "dev").get((SHOP, HOME)) == "FAILED")
        else:
            wait_until(lambda: (SHOP, HOME) not in stack_sets.instances("prod"))
    sandbox.settle()

    ecr = sandbox.client("ecr", account=SHOP)
    found = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    assert (SHOP, HOME) not in stack_sets.instances("prod")
    instance = stack_sets.instances("dev")[SHOP, HOME]
    if first == "creation":  # auto-deployment does not repeat it
        assert "already exists" in instance["StatusReason"]
        assert (instance["Status"], found) == ("OUTDATED", [])
    else:
        assert (instance["Status"], [one["imageTagMutability"] for one in found]) == ("CURRENT", ["MUTABLE"])


def detailed(stack_sets: StackSets, name: str) -> dict[Any, str]:
    return {key: one["StackInstanceStatus"]["DetailedStatus"] for key, one in stack_sets.instances(name).items()}
