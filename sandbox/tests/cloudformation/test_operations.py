from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import MEMBER, allow, arn_of, assume, deploy, resource, role, template, trust

QUEUE = {"Queue": resource("AWS::SQS::Queue", {"QueueName": "one"})}
CHANGED = {"Queue": resource("AWS::SQS::Queue", {"QueueName": "one", "VisibilityTimeout": 10})}
BROKEN = {"Queue": resource("AWS::SQS::Queue", {"QueueName": "not a name"})}
NAMED_IAM = ["CAPABILITY_NAMED_IAM"]


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation", account=MEMBER)


def described(client: Any, name: str = "stack") -> dict[str, Any]:
    found: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    return found


def create(sandbox: Sandbox, client: Any, resources: Any = None, **parameters: Any) -> str:
    body = template(resources or QUEUE)
    made: str = client.create_stack(StackName="stack", TemplateBody=body, **parameters)["StackId"]
    sandbox.settle()
    return made


def test_a_stack_is_in_progress_before_it_is_complete(sandbox: Sandbox, client: Any) -> None:
    with sandbox.held():
        client.create_stack(StackName="stack", TemplateBody=template(QUEUE))
        assert described(client)["StackStatus"] == "CREATE_IN_PROGRESS"
        with pytest.raises(ClientError, match="CREATE_IN_PROGRESS state and can not be updated"):
            client.update_stack(StackName="stack", TemplateBody=template(CHANGED))
    sandbox.settle()
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"


def test_describe_list_and_get_return_the_same(sandbox: Sandbox, client: Any) -> None:
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Description": "The queue"}}
    body = template(QUEUE, Outputs=outputs, Description="A queue", Parameters={"P": {"Type": "String", "Default": "x"}})
    stack_id = client.create_stack(StackName="stack", TemplateBody=body, Tags=[{"Key": "team", "Value": "a"}])[
        "StackId"
    ]
    sandbox.settle()
    stack = described(client)
    assert stack["Description"] == "A queue"
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]
    assert stack["Parameters"] == [{"ParameterKey": "P", "ParameterValue": "x"}]
    arn = f"arn:aws:sqs:eu-west-1:{MEMBER}:one"
    assert stack["Outputs"] == [{"OutputKey": "Arn", "OutputValue": arn, "Description": "The queue"}]
    assert described(client, stack_id) == stack
    assert client.get_template(StackName="stack")["TemplateBody"] == json.loads(body)
    (listed,) = client.list_stack_resources(StackName="stack")["StackResourceSummaries"]
    (shown,) = client.describe_stack_resources(StackName="stack")["StackResources"]
    detail = client.describe_stack_resource(StackName="stack", LogicalResourceId="Queue")["StackResourceDetail"]
    for item in (listed, shown, detail):
        assert (item["LogicalResourceId"], item["ResourceType"]) == ("Queue", "AWS::SQS::Queue")
        assert (item["ResourceStatus"], item["PhysicalResourceId"]) == ("CREATE_COMPLETE", detail["PhysicalResourceId"])
    by_resource = client.describe_stack_resources(PhysicalResourceId=detail["PhysicalResourceId"])
    assert by_resource["StackResources"][0]["StackName"] == "stack"
    summary = client.get_template_summary(StackName="stack")
    assert summary["ResourceTypes"] == ["AWS::SQS::Queue"]
    assert summary["Parameters"][0]["DefaultValue"] == "x"


def test_events_are_listed_latest_first_with_the_reason(sandbox: Sandbox, client: Any) -> None:
    create(sandbox, client, BROKEN)
    events = client.describe_stack_events(StackName="stack")["StackEvents"]
    assert events[0]["ResourceStatus"] == "ROLLBACK_COMPLETE"
    assert events[-1]["ResourceStatusReason"] == "User Initiated"
    (failed,) = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Queue"
    assert "Resource handler returned message" in failed["ResourceStatusReason"]


def test_events_are_listed_in_pages(sandbox: Sandbox, client: Any) -> None:
    create(sandbox, client, {f"Queue{n}": resource("AWS::SQS::Queue", {"QueueName": f"queue-{n}"}) for n in range(40)})
    pages = list(client.get_paginator("describe_stack_events").paginate(StackName="stack"))
    assert [len(page["StackEvents"]) for page in pages] == [100, 22]


def test_a_deleted_stack_is_found_by_id_only(sandbox: Sandbox, client: Any) -> None:
    stack_id = create(sandbox, client)
    client.delete_stack(StackName="stack")
    sandbox.settle()
    with pytest.raises(ClientError, match="Stack with id stack does not exist"):
        client.describe_stacks(StackName="stack")
    assert described(client, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"][0]["StackId"] == stack_id
    assert client.describe_stacks()["Stacks"] == []
    client.delete_stack(StackName="stack")


def test_an_update_changes_what_differs(sandbox: Sandbox, client: Any) -> None:
    create(sandbox, client)
    client.update_stack(StackName="stack", TemplateBody=template(CHANGED))
    sandbox.settle()
    assert described(client)["StackStatus"] == "UPDATE_COMPLETE"
    assert "LastUpdatedTime" in described(client)


def test_tags_and_previous_values_are_kept(sandbox: Sandbox, client: Any) -> None:
    parameters = {"Name": {"Type": "String"}, "Wait": {"Type": "Number", "Default": 1}}
    queue = {"QueueName": {"Ref": "Name"}, "DelaySeconds": {"Ref": "Wait"}}
    body = template({"Queue": resource("AWS::SQS::Queue", queue)}, Parameters=parameters)
    name = {"ParameterKey": "Name", "ParameterValue": "one"}
    client.create_stack(StackName="stack", TemplateBody=body, Parameters=[name], Tags=[{"Key": "a", "Value": "b"}])
    sandbox.settle()
    kept, wait = {"ParameterKey": "Name", "UsePreviousValue": True}, {"ParameterKey": "Wait", "ParameterValue": "5"}
    client.update_stack(StackName="stack", UsePreviousTemplate=True, Parameters=[kept, wait])
    sandbox.settle()
    stack = described(client)
    assert {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]} == {
        "Name": "one",
        "Wait": "5",
    }
    assert stack["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        pytest.param(
            {"TemplateBody": template(QUEUE)}, "ValidationError", "No updates are to be performed.", id="no changes"
        ),
        pytest.param(
            {"StackName": "other"}, "ValidationError", "Stack with id other does not exist", id="no such stack"
        ),
        pytest.param(
            {}, "ValidationError", "Either Template URL or Template Body", id="no template and no previous template"
        ),
        pytest.param({"TemplateBody": "{}"}, "ValidationError", "At least one Resources", id="an invalid template"),
        pytest.param(
            {"TemplateBody": template({"Role": role("x")})},
            "InsufficientCapabilitiesException",
            r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]",
            id="a missing capability",
        ),
        pytest.param(
            {"TemplateBody": template({"Role": role("x")}), "Capabilities": ["CAPABILITY_IAM"]},
            "InsufficientCapabilitiesException",
            "CAPABILITY_NAMED_IAM",
            id="too little capability for a named role",
        ),
        pytest.param(
            {"TemplateBody": template({"X": resource("AWS::EC2::VPC")})},
            "ValidationError",
            "AWS::EC2::VPC",
            id="an unknown resource type",
        ),
        pytest.param(
            {"TemplateBody": template(QUEUE, Description="x" * 51_200)},
            "ValidationError",
            "51200",
            id="an inline template that is too long",
        ),
        pytest.param(
            {"TemplateBody": template(CHANGED), "StackPolicyBody": "{}"},
            "ValidationError",
            "StackPolicyBody",
            id="an invalid deletion policy",
        ),
        pytest.param(
            {"TemplateBody": template(CHANGED), "Parameters": [{"ParameterKey": "X", "ParameterValue": "1"}]},
            "ValidationError",
            r"\[X\] do not exist in the template",
            id="an unknown parameter",
        ),
    ],
)
def test_an_update_is_refused(
    sandbox: Sandbox, client: Any, parameters: dict[str, Any], code: str, message: str
) -> None:
    create(sandbox, client)
    with pytest.raises(ClientError, match=message) as caught:
        client.update_stack(**{"StackName": "stack", **parameters})
    assert caught.value.response["Error"]["Code"] == code
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_name_is_in_use_until_its_stack_is_deleted(sandbox: Sandbox, client: Any) -> None:
    create(sandbox, client, BROKEN)
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        client.create_stack(StackName="stack", TemplateBody=template(QUEUE))
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        client.update_stack(StackName="stack", TemplateBody=template(QUEUE))
    client.delete_stack(StackName="stack")
    sandbox.settle()
    create(sandbox, client)


def test_an_invalid_stack_name_is_refused(client: Any) -> None:
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        client.create_stack(StackName="1_stack", TemplateBody=template(QUEUE))


@pytest.mark.parametrize(("on_failure", "status"), [("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")])
def test_on_failure_decides_what_follows_a_failed_creation(
    sandbox: Sandbox, client: Any, on_failure: str, status: str
) -> None:
    stack_id = create(sandbox, client, BROKEN, OnFailure=on_failure)
    assert described(client, stack_id)["StackStatus"] == status


def test_a_protected_stack_is_not_deleted(sandbox: Sandbox, client: Any) -> None:
    create(sandbox, client, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        client.delete_stack(StackName="stack")
    client.update_termination_protection(StackName="stack", EnableTerminationProtection=False)
    client.delete_stack(StackName="stack")
    sandbox.settle()


def test_resources_that_cannot_be_deleted_can_be_retained(sandbox: Sandbox, client: Any) -> None:
    table = {
        "TableName": "ledger",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
    }
    create(sandbox, client, {**QUEUE, "Table": resource("AWS::DynamoDB::Table", table)})
    with pytest.raises(ClientError, match="RetainResources"):
        client.delete_stack(StackName="stack", RetainResources=["Table"])
    client.delete_stack(StackName="stack")
    sandbox.settle()
    assert described(client)["StackStatus"] == "DELETE_FAILED"
    assert "[Table]" in described(client)["StackStatusReason"]
    client.delete_stack(StackName="stack", RetainResources=["Table"])
    sandbox.settle()
    assert sandbox.client("dynamodb", account=MEMBER).describe_table(TableName="ledger")


def test_a_long_template_is_read_from_s3(sandbox: Sandbox, client: Any) -> None:
    s3 = sandbox.client("s3", account=MEMBER)
    s3.create_bucket(Bucket="templates-of-member", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    padding = {f"Pad{n}": {"Value": "x" * 1000} for n in range(60)}
    s3.put_object(Bucket="templates-of-member", Key="a/long.json", Body=template(QUEUE, Outputs=padding).encode())
    url = "https://templates-of-member.s3.eu-west-1.amazonaws.com/a/long.json"
    client.create_stack(StackName="stack", TemplateURL=url)
    sandbox.settle()
    assert len(described(client)["Outputs"]) == 60
    with pytest.raises(ClientError, match="S3 error"):
        client.create_stack(StackName="other", TemplateURL=url.replace("long", "none"))


def test_a_caller_deploys_with_its_own_permissions(sandbox: Sandbox) -> None:
    deploy({"Role": role("operator", allow(["cloudformation:*", "sqs:GetQueueUrl"]))}, name="operator")
    client = sandbox.client_with(assume(sandbox, arn_of("operator")), "cloudformation")
    client.create_stack(StackName="stack", TemplateBody=template(QUEUE))
    sandbox.settle()
    events = client.describe_stack_events(StackName="stack")["StackEvents"]
    (failed,) = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert "assumed-role/operator/test is not authorized to perform: sqs:CreateQueue" in failed


def test_a_service_role_deploys_with_its_permissions(sandbox: Sandbox) -> None:
    trusts = trust({"Service": "cloudformation.amazonaws.com"})
    roles = {
        "Operator": role("operator", allow(["cloudformation:*"])),
        "Service": role("service", allow("sqs:*"), trusts=trusts),
        "Other": role("other", allow("sqs:*")),
    }
    deploy(roles, name="operator")
    client = sandbox.client_with(assume(sandbox, arn_of("operator")), "cloudformation")
    with pytest.raises(ClientError, match="is invalid or cannot be assumed"):
        client.create_stack(StackName="stack", TemplateBody=template(QUEUE), RoleARN=arn_of("other"))
    client.create_stack(StackName="stack", TemplateBody=template(QUEUE), RoleARN=arn_of("service"))
    sandbox.settle()
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"
    client.delete_stack(StackName="stack")
    sandbox.settle()
    assert client.describe_stacks()["Stacks"][0]["StackName"] == "operator"


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::GetAtt": ["Queue", "Url"]},
        {"Fn::Sub": "${Queue.Url}"},
        {"Fn::Join": ["", [{"Fn::GetAtt": "Queue.Url"}]]},
    ],
)
@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("validate_template", {}),
        ("get_template_summary", {}),
        ("create_stack", {"StackName": "stack"}),
        ("create_change_set", {"StackName": "stack", "ChangeSetName": "new", "ChangeSetType": "CREATE"}),
    ],
)
def test_an_attribute_that_the_type_does_not_have_is_refused_immediately(
    client: Any, operation: str, parameters: dict[str, Any], value: Any
) -> None:
    body = template({"Queue": resource("AWS::SQS::Queue")}, Outputs={"O": {"Value": value}})
    message = "resource Queue does not support attribute type Url in Fn::GetAtt"
    with pytest.raises(ClientError, match=message) as refused:
        getattr(client, operation)(TemplateBody=body, **parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert client.list_stacks()["StackSummaries"] == []


def test_a_template_is_validated_without_a_stack(client: Any) -> None:
    answer = client.validate_template(TemplateBody=template({"Role": role("x")}, Description="A role"))
    assert answer["Capabilities"] == NAMED_IAM
    assert answer["Description"] == "A role"
    with pytest.raises(ClientError, match="At least one Resources"):
        client.validate_template(TemplateBody="{}")
