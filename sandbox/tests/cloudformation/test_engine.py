from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, delete_stack, deploy_stack, find_stack
from aws_org_sandbox.faults import Error, Fault, Throttle
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, LAMBDA_TRUST, MEMBER, deploy, resource, role, stack_of, template


def queue(name: str, **properties: Any) -> dict[str, Any]:
    return resource("AWS::SQS::Queue", {"QueueName": name, **properties})


def queues(sandbox: Sandbox) -> set[str]:
    found = sandbox.client("sqs", account=MEMBER).list_queues().get("QueueUrls", [])
    return {url.rsplit("/", 1)[-1] for url in found}


def attribute(sandbox: Sandbox, name: str, attribute: str) -> str:
    sqs = sandbox.client("sqs", account=MEMBER)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute]
    return found


BROKEN = resource(
    "AWS::SQS::QueuePolicy", {"Queues": ["https://sqs.eu-west-1.amazonaws.com/1/none"], "PolicyDocument": {}}
)
"""A resource that its service refuses: there is no such queue."""


def remove() -> None:
    delete_stack(account=MEMBER, region=HOME, name="stack")


def statuses(logical_id: str) -> list[str]:
    return [event.status for event in stack_of().events if event.logical_id == logical_id]


def test_a_stack_is_created_updated_and_deleted(sandbox: Sandbox) -> None:
    assert deploy({"Queue": queue("one", VisibilityTimeout=10)}).status == "CREATE_COMPLETE"
    assert attribute(sandbox, "one", "VisibilityTimeout") == "10"
    assert deploy({"Queue": queue("one", VisibilityTimeout=20)}).status == "UPDATE_COMPLETE"
    assert attribute(sandbox, "one", "VisibilityTimeout") == "20"
    deploy({"Queue": queue("one")})
    assert attribute(sandbox, "one", "VisibilityTimeout") == "30", "a property that is left out goes to its default"
    remove()
    assert not queues(sandbox)
    assert find_stack(account=MEMBER, region=HOME, name="stack") is None


def test_a_changed_name_creates_a_new_resource_and_removes_the_old_one_last(sandbox: Sandbox) -> None:
    deploy({"Queue": queue("one")})
    deploy({"Queue": queue("two")})
    assert queues(sandbox) == {"two"}
    assert statuses("Queue")[-6:] == [
        "UPDATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]


def test_dependents_of_a_replaced_resource_are_updated(sandbox: Sandbox) -> None:
    def resources(name: str) -> dict[str, Any]:
        output = resource("AWS::SQS::Queue", {"QueueName": "other", "RedrivePolicy": redrive})
        return {"Other": output, "Queue": queue(name)}

    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "maxReceiveCount": 3}
    deploy(resources("one"))
    deploy(resources("two"))
    assert json.loads(attribute(sandbox, "other", "RedrivePolicy"))["deadLetterTargetArn"].endswith(":two")


def test_a_failed_creation_is_rolled_back_with_the_reason(sandbox: Sandbox) -> None:
    with pytest.raises(StackFailed, match="ResourceLogicalId:Policy, ResourceType:AWS::SQS::QueuePolicy") as caught:
        deploy({"Queue": queue("one"), "Policy": {**BROKEN, "DependsOn": "Queue"}})
    assert not queues(sandbox)
    assert stack_of().status == "ROLLBACK_COMPLETE"
    assert [event.status for event in caught.value.events if event.logical_id == "stack"] == [
        "CREATE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
    ]
    assert statuses("Queue")[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_leftovers_of_a_failed_creation_are_deleted_before_the_next(sandbox: Sandbox) -> None:
    with pytest.raises(StackFailed):
        deploy({"Policy": BROKEN})
    failed = stack_of().id
    assert deploy({"Queue": queue("one")}).id != failed


def test_a_resource_that_cannot_be_completed_is_removed_too(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="iam", operation="PutRolePolicy", effect=Error(code="MalformedPolicyDocument")))
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    with pytest.raises(StackFailed, match="Injected by a fault"):
        deploy({"Role": role("half", statement)})
    with pytest.raises(ClientError, match="NoSuchEntity"):
        sandbox.client("iam", account=MEMBER).get_role(RoleName="half")


def test_a_failed_update_restores_everything(sandbox: Sandbox) -> None:
    before = {"Changed": queue("changed", VisibilityTimeout=10), "Replaced": queue("replaced"), "Gone": queue("gone")}
    deploy(before, Outputs={"Url": {"Value": {"Ref": "Replaced"}}})
    after = {
        "Changed": queue("changed", VisibilityTimeout=20),
        "Replaced": queue("replacement"),
        "New": queue("new"),
        "Policy": {**BROKEN, "DependsOn": ["Changed", "Replaced", "New"]},
    }
    with pytest.raises(StackFailed, match="Policy"):
        deploy(after)
    stack = stack_of()
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert queues(sandbox) == {"changed", "replaced", "gone"}
    assert attribute(sandbox, "changed", "VisibilityTimeout") == "10"
    assert set(stack.resources) == set(before)
    assert stack.outputs["Url"].endswith("/replaced")
    assert deploy(before, Outputs={"Url": {"Value": {"Ref": "Replaced"}}}).status == "UPDATE_ROLLBACK_COMPLETE"
    assert deploy({**before, "New": queue("newer")}).status == "UPDATE_COMPLETE"


def test_a_rollback_that_fails_reports_it(sandbox: Sandbox) -> None:
    deploy({"Queue": queue("one")})
    sandbox.faults.add(Fault(service="sqs", operation="DeleteQueue", effect=Error(code="InternalError")))
    with pytest.raises(StackFailed):
        deploy({"Queue": queue("one"), "New": queue("new"), "Policy": {**BROKEN, "DependsOn": "New"}})
    assert stack_of().status == "UPDATE_ROLLBACK_FAILED"


def test_a_failed_deletion_keeps_what_is_left_and_can_be_retried(sandbox: Sandbox) -> None:
    deploy({"Queue": queue("one"), "Other": queue("two")})
    fault = sandbox.faults.add(Fault(service="sqs", operation="DeleteQueue", effect=Throttle(), times=1))
    with pytest.raises(StackFailed, match="Rate exceeded"):
        remove()
    assert fault.hits == 1
    assert stack_of().status == "DELETE_FAILED"
    remove()
    assert not queues(sandbox)


def test_a_resource_that_no_longer_exists_does_not_stop_a_deletion(sandbox: Sandbox) -> None:
    deploy({"Queue": queue("one"), "Role": role("worker")})
    sqs = sandbox.client("sqs", account=MEMBER)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="one")["QueueUrl"])
    sandbox.client("iam", account=MEMBER).delete_role(RoleName="worker")
    remove()


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_a_retained_resource_outlives_its_stack(sandbox: Sandbox, policy: str) -> None:
    deploy({"Queue": {**queue("one"), "DeletionPolicy": policy}, "Other": queue("two")})
    stack = stack_of()
    remove()
    assert queues(sandbox) == {"one"}
    assert [event.status for event in stack.events if event.logical_id == "Queue"][-1] == "DELETE_SKIPPED"
    with pytest.raises(StackFailed, match="already exists"):
        deploy({"Queue": queue("one")})


@pytest.mark.parametrize(("policy", "left"), [("Retain", {"one"}), ("RetainExceptOnCreate", set())])
def test_a_failed_creation_keeps_retained_resources(sandbox: Sandbox, policy: str, left: set[str]) -> None:
    with pytest.raises(StackFailed):
        deploy({"Queue": {**queue("one"), "DeletionPolicy": policy}, "Policy": {**BROKEN, "DependsOn": "Queue"}})
    assert queues(sandbox) == left


def test_a_replaced_resource_is_kept_if_its_update_replace_policy_is_retain(sandbox: Sandbox) -> None:
    deploy({"Queue": {**queue("one"), "UpdateReplacePolicy": "Retain"}})
    deploy({"Queue": queue("two")})
    assert queues(sandbox) == {"one", "two"}, "the policy of the template that made it holds"


def test_an_unchanged_stack_is_left_alone(sandbox: Sandbox) -> None:
    stack = deploy({"Queue": queue("one")})
    events = len(stack.events)
    calls = len(sandbox.calls)
    assert deploy({"Queue": queue("one")}).id == stack.id
    assert (len(stack.events), len(sandbox.calls)) == (events, calls)


def test_tags_of_the_stack_reach_its_resources(sandbox: Sandbox) -> None:
    def tags() -> dict[str, str]:
        sqs = sandbox.client("sqs", account=MEMBER)
        found: dict[str, str] = sqs.list_queue_tags(QueueUrl=sqs.get_queue_url(QueueName="one")["QueueUrl"]).get(
            "Tags", {}
        )
        return found

    body = template({"Queue": queue("one", Tags=[{"Key": "own", "Value": "1"}])})
    deploy_stack(account=MEMBER, region=HOME, name="stack", template_body=body, tags={"team": "a", "own": "0"})
    assert tags() == {"team": "a", "own": "1"}
    deploy_stack(account=MEMBER, region=HOME, name="stack", template_body=body, tags={"team": "b"})
    assert tags() == {"team": "b", "own": "1"}


def test_a_name_in_use_by_another_stack_is_refused(sandbox: Sandbox) -> None:
    deploy({"Role": role("shared")}, name="first")
    owner = stack_of(name="first")
    with pytest.raises(StackFailed, match=f"shared already exists in stack {owner.id}"):
        deploy({"Role": role("shared")}, name="second")


def test_a_global_name_in_use_is_refused_in_every_region(sandbox: Sandbox) -> None:
    deploy({"Role": role("shared")}, name="first")
    with pytest.raises(StackFailed, match=r"Role with name shared already exists.*HandlerErrorCode: AlreadyExists"):
        deploy({"Role": role("shared")}, region="us-east-1")


def test_a_named_resource_cannot_be_replaced_without_a_new_name(sandbox: Sandbox) -> None:
    deploy({"Role": role("worker", Path="/")})
    with pytest.raises(StackFailed, match="Rename worker and update the stack again"):
        deploy({"Role": role("worker", Path="/other/")})
    assert stack_of().status == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        pytest.param(
            resource("AWS::EC2::Instance"), r"Unrecognized resource types: \[AWS::EC2::Instance\]", id="an unknown type"
        ),
        pytest.param(
            queue("one", ContentBased=True),
            r"extraneous key \[ContentBased\] is not permitted",
            id="an unknown property",
        ),
        pytest.param(
            resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": LAMBDA_TRUST, "Policies": [{"PolicyName": "x"}]}),
            r"#/Policies/0: required key \[PolicyDocument\] not found",
            id="a missing nested property",
        ),
        pytest.param(queue("one", DelaySeconds="soon"), "expected type: Number", id="an invalid number"),
        pytest.param(queue("one", FifoQueue="yes"), "expected type: Boolean", id="an invalid boolean"),
        pytest.param(queue("one", Tags="x"), "expected type: JSONArray", id="an invalid list"),
    ],
)
def test_unknown_types_properties_and_values_fail_the_stack(sandbox: Sandbox, definition: Any, message: str) -> None:
    with pytest.raises(StackFailed, match=message):
        deploy({"Thing": definition})
    assert not queues(sandbox)


def test_a_resource_cannot_become_one_of_another_type(sandbox: Sandbox) -> None:
    deploy({"Thing": queue("one")})
    with pytest.raises(StackFailed, match=r"Update of resource type is not permitted.*\[Thing\]"):
        deploy({"Thing": role("one")})


def test_strings_are_converted_to_the_type_of_the_property(sandbox: Sandbox) -> None:
    deploy({"Queue": queue("one", VisibilityTimeout="15", SqsManagedSseEnabled="true")})
    assert attribute(sandbox, "one", "VisibilityTimeout") == "15"


def test_pseudo_parameters_are_those_of_account_and_region(sandbox: Sandbox) -> None:
    outputs = {"Where": {"Value": {"Fn::Sub": "${AWS::Partition}/${AWS::AccountId}/${AWS::Region}/${AWS::StackName}"}}}
    for account, region in ((MEMBER, HOME), ("400000000001", "us-east-1")):
        stack = deploy({"Queue": queue("one")}, account=account, region=region, Outputs=outputs)
        assert stack.outputs == {"Where": f"aws/{account}/{region}/stack"}


def test_stacks_act_with_the_permissions_of_their_deployer(sandbox: Sandbox) -> None:
    deploy({"Queue": queue("one")})
    callers = {call.principal.arn.split("/")[-1] for call in sandbox.calls.of("sqs")}
    assert callers == {"stacksets"}
    assert {call.user_agent for call in sandbox.calls.of("sqs")} == {"cloudformation.amazonaws.com"}


@pytest.mark.parametrize("act", [remove, lambda: deploy({"Queue": queue("two")})])
def test_a_busy_stack_is_refused(sandbox: Sandbox, act: Callable[[], object]) -> None:
    stack = deploy({"Queue": queue("one")})
    stack.status = "UPDATE_IN_PROGRESS"
    with pytest.raises(StackFailed, match="UPDATE_IN_PROGRESS state and can not be updated"):
        act()
