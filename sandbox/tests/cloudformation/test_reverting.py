"""Drift-aware change sets: what REVERT_DRIFT compares, reverts and does not revert, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.behaviours import Behaviour, altered
from aws_org_sandbox.cloudformation.change_sets import EMPTY
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.cloudformation.test_change_sets import Deployer, queue_policy, shown
from sandbox.tests.stacks import MEMBER, resource

NAME = "/group"
REVERT = {"DeploymentMode": "REVERT_DRIFT"}


def group(**properties: Any) -> dict[str, Any]:
    return {"Group": resource("AWS::Logs::LogGroup", {"LogGroupName": NAME, **properties})}


@pytest.fixture
def deployer(sandbox: Sandbox) -> Deployer:
    return Deployer(sandbox)


@pytest.fixture
def logs(sandbox: Sandbox) -> Any:
    return sandbox.client("logs", account=MEMBER)


def retention(logs: Any) -> list[int | None]:
    return [one.get("retentionInDays") for one in logs.describe_log_groups(logGroupNamePrefix=NAME)["logGroups"]]


def test_an_edited_resource_is_reverted_only_by_a_drift_aware_change_set(deployer: Deployer, logs: Any) -> None:
    deployer.deploy(group(RetentionInDays=7))
    logs.put_retention_policy(logGroupName=NAME, retentionInDays=1)
    ordinary = deployer.propose(group(RetentionInDays=7), name="ordinary")
    assert (ordinary["Status"], ordinary["StatusReason"]) == ("FAILED", EMPTY)
    change_set = deployer.propose(group(RetentionInDays=7), **REVERT)
    assert shown(change_set) == {"Group": ("Modify", "False")}
    assert (change_set["DeploymentMode"], change_set["StackDriftStatus"]) == ("REVERT_DRIFT", "DRIFTED")
    assert retention(logs) == [1], "nothing happens before it is executed"
    assert deployer.execute(change_set) == "UPDATE_COMPLETE"
    assert retention(logs) == [7]


def test_a_deleted_resource_is_created_again(deployer: Deployer, logs: Any) -> None:
    deployer.deploy(group(RetentionInDays=7))
    logs.delete_log_group(logGroupName=NAME)
    change_set = deployer.propose(group(RetentionInDays=7), **REVERT)
    assert shown(change_set) == {"Group": ("Add", None)}
    assert deployer.execute(change_set) == "UPDATE_COMPLETE"
    assert retention(logs) == [7]


def test_a_stack_in_sync_has_nothing_to_revert(deployer: Deployer) -> None:
    deployer.deploy(group(RetentionInDays=7))
    change_set = deployer.propose(group(RetentionInDays=7), **REVERT)
    assert (change_set["Status"], change_set["StatusReason"]) == ("FAILED", EMPTY)
    assert change_set["StackDriftStatus"] == "IN_SYNC"


def test_properties_that_no_template_sets_are_not_compared(deployer: Deployer, logs: Any) -> None:
    deployer.deploy(group())
    logs.put_retention_policy(logGroupName=NAME, retentionInDays=1)
    assert deployer.propose(group(), **REVERT)["StatusReason"] == EMPTY
    assert retention(logs) == [1]


@pytest.mark.parametrize(
    ("behaviours", "after"),
    [
        pytest.param((), None, id="as assumed"),
        pytest.param((Behaviour.OMITTED_PROPERTIES_STAY,), 1, id="if assumption A35 is false"),
    ],
)
def test_a_property_that_a_stack_adopted_and_then_omits_returns_to_the_default(
    deployer: Deployer, logs: Any, behaviours: tuple[Behaviour, ...], after: int | None
) -> None:
    deployer.deploy(group())
    logs.put_retention_policy(logGroupName=NAME, retentionInDays=1)
    assert deployer.execute(deployer.propose(group(RetentionInDays=1), name="adopt")) == "UPDATE_COMPLETE"
    with altered(*behaviours):
        assert deployer.execute(deployer.propose(group(), **REVERT)) == "UPDATE_COMPLETE"
    assert retention(logs) == [after]


def test_a_type_that_cloudformation_cannot_read_is_not_compared(sandbox: Sandbox, deployer: Deployer) -> None:
    resources = {"Queue": resource("AWS::SQS::Queue", {"QueueName": "one"}), "Policy": queue_policy({"Ref": "Queue"})}
    deployer.deploy(resources)
    sqs = sandbox.client("sqs", account=MEMBER)
    sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName="one")["QueueUrl"], Attributes={"Policy": ""})
    assert deployer.propose(resources, **REVERT)["StatusReason"] == EMPTY


def test_a_new_stack_has_nothing_to_revert(deployer: Deployer) -> None:
    with pytest.raises(ClientError, match="REVERT_DRIFT of a change set of type CREATE"):
        deployer.propose(group(), "CREATE", **REVERT)


def test_an_unknown_mode_is_refused(deployer: Deployer) -> None:
    deployer.deploy(group())
    with pytest.raises(ClientError, match="deploymentMode"):
        deployer.propose(group(), DeploymentMode="REVERT")
