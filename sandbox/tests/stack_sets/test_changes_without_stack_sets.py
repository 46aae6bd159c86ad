"""Stacks and resources that are changed without StackSets, and how later operations treat them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stack_sets.test_in_sandbox import HOME, PROD, SHOP, StackSets, targets

GROUP = "from-stack-set"


def template(*, retention: int = 7) -> str:
    properties = {"LogGroupName": GROUP, "RetentionInDays": retention}
    return json.dumps({"Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": properties}}})


@pytest.fixture
def stack_sets(sandbox: Sandbox) -> StackSets:
    """A StackSet that is deployed to the OU Prod."""
    deployed = StackSets(sandbox)
    deployed.create(body=template())
    deployed.deploy(PROD)
    sandbox.settle()
    return deployed


def shop_only(**more: Any) -> dict[str, Any]:
    chosen = targets(PROD, regions=(HOME,))["DeploymentTargets"] | {
        "Accounts": [SHOP],
        "AccountFilterType": "INTERSECTION",
    }
    return {"DeploymentTargets": chosen, **more}


def delete_stack(sandbox: Sandbox, stack_id: str) -> None:
    sandbox.client("cloudformation", account=SHOP).delete_stack(StackName=stack_id)
    sandbox.settle()


def delete_group(sandbox: Sandbox) -> None:
    sandbox.client("logs", account=SHOP).delete_log_group(logGroupName=GROUP)


def edit_group(sandbox: Sandbox) -> None:
    sandbox.client("logs", account=SHOP).put_retention_policy(logGroupName=GROUP, retentionInDays=1)


def groups(sandbox: Sandbox) -> list[str]:
    found = sandbox.client("logs", account=SHOP).describe_log_groups()["logGroups"]
    return [group["logGroupName"] for group in found]


def shop(stack_sets: StackSets) -> dict[str, Any]:
    return stack_sets.instances()[SHOP, HOME]


def test_stack_sets_do_not_notice_changes_made_without_them(sandbox: Sandbox, stack_sets: StackSets) -> None:
    before = shop(stack_sets)
    edit_group(sandbox)
    assert shop(stack_sets) == before
    delete_group(sandbox)
    assert shop(stack_sets) == before
    delete_stack(sandbox, before["StackId"])
    assert shop(stack_sets) == before
    assert (before["Status"], before["StackInstanceStatus"]["DetailedStatus"]) == ("CURRENT", "SUCCEEDED")


def test_an_update_does_not_recreate_a_deleted_stack(sandbox: Sandbox, stack_sets: StackSets) -> None:
    delete_stack(sandbox, shop(stack_sets)["StackId"])
    operation = stack_sets.update(template(retention=14))
    sandbox.settle()
    (failed,) = (one for one in stack_sets.summaries(operation) if one["Status"] == "FAILED")
    assert (failed["Account"], "does not exist" in failed["StatusReason"]) == (SHOP, True)
    assert groups(sandbox) == []


def test_an_unchanged_stack_is_not_repaired_by_an_update(sandbox: Sandbox, stack_sets: StackSets) -> None:
    delete_group(sandbox)
    operation = stack_sets.update(template())
    sandbox.settle()
    assert stack_sets.results(operation)[SHOP, HOME] == "SUCCEEDED"
    assert groups(sandbox) == []


@pytest.mark.parametrize("retains", [True, False])
def test_an_instance_whose_stack_was_deleted_is_deleted_and_created_again(
    sandbox: Sandbox, stack_sets: StackSets, retains: bool
) -> None:
    before = shop(stack_sets)
    delete_stack(sandbox, before["StackId"])
    removed = stack_sets.remove(PROD, **shop_only(RetainStacks=retains))
    sandbox.settle()
    assert stack_sets.results(removed) == {(SHOP, HOME): "SUCCEEDED"}
    assert (SHOP, HOME) not in stack_sets.instances()
    created = stack_sets.deploy(PROD, **shop_only())
    sandbox.settle()
    assert stack_sets.results(created) == {(SHOP, HOME): "SUCCEEDED"}
    assert groups(sandbox) == [GROUP]
    assert shop(stack_sets)["StackId"] != before["StackId"]


def test_a_retained_stack_is_not_adopted_and_its_names_stay_in_use(sandbox: Sandbox, stack_sets: StackSets) -> None:
    retained = shop(stack_sets)["StackId"]
    stack_sets.remove(PROD, **shop_only(RetainStacks=True))
    sandbox.settle()
    created = stack_sets.deploy(PROD, **shop_only())
    sandbox.settle()
    (failed,) = stack_sets.summaries(created)
    assert (failed["Status"], f"already exists in stack {retained}" in failed["StatusReason"]) == ("FAILED", True)
    assert shop(stack_sets)["Status"] == "OUTDATED"

    delete_stack(sandbox, retained)
    again = stack_sets.deploy(PROD, **shop_only())
    sandbox.settle()
    assert stack_sets.results(again) == {(SHOP, HOME): "SUCCEEDED"}
    assert shop(stack_sets)["Status"] == "CURRENT"


def test_a_deleted_resource_is_repaired_by_deletion_and_creation(sandbox: Sandbox, stack_sets: StackSets) -> None:
    delete_group(sandbox)
    stack_sets.remove(PROD, **shop_only())
    sandbox.settle()
    assert (SHOP, HOME) not in stack_sets.instances()
    created = stack_sets.deploy(PROD, **shop_only())
    sandbox.settle()
    assert stack_sets.results(created) == {(SHOP, HOME): "SUCCEEDED"}
    assert groups(sandbox) == [GROUP]
