from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import MEMBER, allow, arn_of, assume, deploy, policy, resource, role, template

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


def queue(name: str, **properties: Any) -> dict[str, Any]:
    return resource("AWS::SQS::Queue", {"QueueName": name, **properties})


def queue_policy(*references: Any) -> dict[str, Any]:
    statement = allow("sqs:SendMessage", Principal={"Service": "events.amazonaws.com"})
    return resource("AWS::SQS::QueuePolicy", {"Queues": list(references), "PolicyDocument": policy(statement)})


class Deployer:
    """Change sets of one stack, made and waited for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.client = sandbox.client("cloudformation", account=MEMBER)

    def propose(self, resources: Mapping[str, Any], kind: str = "UPDATE", **parameters: Any) -> dict[str, Any]:
        body = template(resources, **parameters.pop("sections", {}))
        made = self.client.create_change_set(
            StackName="stack",
            ChangeSetName=parameters.pop("name", "changes"),
            ChangeSetType=kind,
            TemplateBody=body,
            Capabilities=CAPABILITIES,
            **parameters,
        )
        self._sandbox.settle()
        return self.describe(made["Id"])

    def describe(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_change_set(ChangeSetName=id_)
        return found

    def events(self, change_set: Mapping[str, Any]) -> list[Any]:
        answer = self.client.describe_events(ChangeSetName=change_set["ChangeSetId"], Filters={"FailedEvents": True})
        found: list[Any] = answer["OperationEvents"]
        return found

    def execute(self, change_set: Mapping[str, Any]) -> str:
        self.client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        self._sandbox.settle()
        return self.status

    def deploy(self, resources: Mapping[str, Any]) -> None:
        assert self.execute(self.propose(resources, "CREATE", name="first")) == "CREATE_COMPLETE"

    @property
    def status(self) -> str:
        found: str = self.client.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]
        return found


@pytest.fixture
def deployer(sandbox: Sandbox) -> Deployer:
    return Deployer(sandbox)


def shown(change_set: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    changes = [change["ResourceChange"] for change in change_set["Changes"]]
    return {change["LogicalResourceId"]: (change["Action"], change.get("Replacement")) for change in changes}


def details(change_set: Mapping[str, Any], logical_id: str) -> list[Any]:
    changes = [change["ResourceChange"] for change in change_set["Changes"]]
    found: list[Any] = next(item["Details"] for item in changes if item["LogicalResourceId"] == logical_id)
    return found


def test_a_new_stack_is_in_review_until_its_change_set_is_executed(deployer: Deployer) -> None:
    change_set = deployer.propose({"Queue": queue("one")}, "CREATE")
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert shown(change_set) == {"Queue": ("Add", None)}
    assert deployer.status == "REVIEW_IN_PROGRESS"
    assert deployer.execute(change_set) == "CREATE_COMPLETE"
    assert deployer.describe(change_set["ChangeSetId"])["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_changes_state_what_is_replaced_and_why(deployer: Deployer) -> None:
    before = {
        "Same": queue("same"),
        "Changed": queue("changed"),
        "Replaced": queue("replaced"),
        "Gone": queue("gone"),
        "Follows": queue_policy({"Ref": "Replaced"}),
    }
    deployer.deploy(before)
    after = {
        "Same": queue("same"),
        "Changed": queue("changed", VisibilityTimeout=10, Tags=[{"Key": "a", "Value": "b"}]),
        "Replaced": queue("replacement"),
        "Follows": queue_policy({"Ref": "Replaced"}),
        "New": queue("new"),
    }
    change_set = deployer.propose(after)
    assert shown(change_set) == {
        "Changed": ("Modify", "False"),
        "Replaced": ("Modify", "True"),
        "Follows": ("Modify", "False"),
        "New": ("Add", None),
        "Gone": ("Remove", None),
    }
    tags, timeout = details(change_set, "Changed")
    assert tags["Target"] == {"Attribute": "Tags", "RequiresRecreation": "Never"}
    assert timeout["Target"] == {"Attribute": "Properties", "Name": "VisibilityTimeout", "RequiresRecreation": "Never"}
    assert timeout["Evaluation"] == "Static"
    (name,) = details(change_set, "Replaced")
    assert name["Target"]["RequiresRecreation"] == "Always"
    (follows,) = details(change_set, "Follows")
    assert follows["Evaluation"] == "Dynamic"
    assert (follows["ChangeSource"], follows["CausingEntity"]) == ("ResourceReference", "Replaced")
    assert deployer.execute(change_set) == "UPDATE_COMPLETE"


def test_a_replacement_of_dependents_is_conditional(deployer: Deployer) -> None:
    def resources(name: str) -> dict[str, Any]:
        group = resource("AWS::Logs::LogGroup", {"LogGroupName": name})
        metric = {"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}
        properties = {"LogGroupName": {"Ref": "Group"}, "FilterPattern": "", "MetricTransformations": [metric]}
        return {"Group": group, "Filter": resource("AWS::Logs::MetricFilter", {"FilterName": "f", **properties})}

    deployer.deploy(resources("one"))
    change_set = deployer.propose(resources("two"))
    assert shown(change_set) == {"Group": ("Modify", "True"), "Filter": ("Modify", "Conditional")}
    assert deployer.execute(change_set) == "UPDATE_COMPLETE"


@pytest.mark.parametrize("kind", ["UPDATE", "CREATE"])
def test_a_change_set_without_changes_fails_with_the_reason_of_aws(deployer: Deployer, kind: str) -> None:
    resources = {"Queue": queue("one")}
    deployer.deploy(resources)
    if kind == "CREATE":
        with pytest.raises(ClientError, match="already exists"):
            deployer.propose(resources, kind)
        return
    change_set = deployer.propose(resources)
    assert change_set["Status"] == "FAILED"
    assert change_set["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a change set."
    )
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        deployer.execute(change_set)


def test_a_change_of_outputs_or_tags_only_is_a_change(deployer: Deployer) -> None:
    resources = {"Queue": queue("one")}
    deployer.deploy(resources)
    outputs = {"Outputs": {"Url": {"Value": {"Ref": "Queue"}}}}
    change_set = deployer.propose(resources, name="outputs", sections=outputs)
    assert (change_set["Status"], change_set["Changes"]) == ("CREATE_COMPLETE", [])
    assert deployer.execute(change_set) == "UPDATE_COMPLETE"
    change_set = deployer.propose(resources, name="tags", sections=outputs, Tags=[{"Key": "team", "Value": "a"}])
    assert shown(change_set) == {"Queue": ("Modify", "False")}


def test_a_change_of_a_deletion_policy_only_is_a_change(deployer: Deployer) -> None:
    deployer.deploy({"Queue": queue("one")})
    change_set = deployer.propose({"Queue": {**queue("one"), "DeletionPolicy": "Retain"}})
    assert change_set["Changes"][0]["ResourceChange"]["Scope"] == ["DeletionPolicy"]
    assert deployer.execute(change_set) == "UPDATE_COMPLETE"


def test_executing_one_change_set_makes_the_others_obsolete(deployer: Deployer) -> None:
    deployer.deploy({"Queue": queue("one")})
    first = deployer.propose({"Queue": queue("one", DelaySeconds=1)}, name="a")
    second = deployer.propose({"Queue": queue("one", DelaySeconds=2)}, name="b")
    assert {item["ChangeSetName"] for item in deployer.client.list_change_sets(StackName="stack")["Summaries"]} == {
        "first",
        "a",
        "b",
    }
    deployer.execute(second)
    assert deployer.describe(first["ChangeSetId"])["ExecutionStatus"] == "OBSOLETE"
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        deployer.execute(first)


def test_a_change_set_can_be_deleted(deployer: Deployer) -> None:
    deployer.deploy({"Queue": queue("one")})
    deployer.propose({"Queue": queue("two")})
    deployer.client.delete_change_set(StackName="stack", ChangeSetName="changes")
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        deployer.client.describe_change_set(StackName="stack", ChangeSetName="changes")
    assert deployer.status == "CREATE_COMPLETE"


def test_an_invalid_property_fails_the_change_set(deployer: Deployer) -> None:
    deployer.deploy({"Queue": queue("one")})
    change_set = deployer.propose({"Queue": queue("one", Colour="blue"), "Other": queue("two", Size=1)})
    assert change_set["Status"] == "FAILED"
    assert change_set["StatusReason"] == refused("AWS::EarlyValidation::PropertyValidation")
    events = deployer.events(change_set)
    assert [(one["LogicalResourceId"], one["ResourceType"], one["ValidationPath"]) for one in events] == [
        ("Queue", "AWS::SQS::Queue", "/Resources/Queue/Properties"),
        ("Other", "AWS::SQS::Queue", "/Resources/Other/Properties"),
    ]
    assert "extraneous key [Colour]" in events[0]["ValidationStatusReason"]


def refused(hook: str) -> str:
    return (
        f"The following hook(s)/validation failed: [{hook}]. To troubleshoot Early Validation errors, "
        "use the DescribeEvents API for detailed failure information."
    )


@pytest.mark.parametrize("kind", ["UPDATE", "CREATE"])
def test_a_name_that_is_in_use_fails_the_change_set_before_anything_is_deployed(
    sandbox: Sandbox, deployer: Deployer, kind: str
) -> None:
    sandbox.client("sqs", account=MEMBER).create_queue(QueueName="taken")
    if kind == "UPDATE":
        deployer.deploy({"Queue": queue("one")})
    change_set = deployer.propose({"Queue": queue("one"), "Taken": queue("taken")}, kind)
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert change_set["StatusReason"] == refused("AWS::EarlyValidation::ResourceExistenceCheck")
    (event,) = deployer.events(change_set)
    assert event["LogicalResourceId"] == "Taken"
    assert (event["EventType"], event["ValidationName"]) == ("VALIDATION_ERROR", "NAME_CONFLICT_VALIDATION")
    assert (event["ValidationStatus"], event["ValidationFailureMode"]) == ("FAILED", "FAIL")
    assert "already exists" in event["ValidationStatusReason"]


def test_a_resource_of_another_stack_is_neither_imported_nor_created_twice(
    sandbox: Sandbox, deployer: Deployer
) -> None:
    body = template({"Queue": queue("taken")})
    deployer.client.create_stack(StackName="owner", TemplateBody=body)
    sandbox.settle()
    kept = {"Queue": {**queue("taken"), "DeletionPolicy": "Retain"}}
    change_set = deployer.propose(kept, "CREATE", ImportExistingResources=True)
    assert change_set["StatusReason"] == refused("AWS::EarlyValidation::ResourceExistenceCheck")


READS = "s3:GetBucketVersioning"


@pytest.mark.parametrize("reads", [True, False], ids=["reads its settings", "may not read one"])
def test_an_import_reads_the_resource_with_the_permissions_of_its_caller(sandbox: Sandbox, reads: bool) -> None:
    sandbox.client("s3", account=MEMBER).create_bucket(
        Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    denial = {"Effect": "Deny", "Action": READS, "Resource": "*"}
    deploy({"Role": role("deploys", allow(["cloudformation:*", "s3:*"]), *([] if reads else [denial]))}, name="roles")
    deployer = Deployer(sandbox)
    deployer.client = sandbox.client_with(assume(sandbox, arn_of("deploys")), "cloudformation")
    bucket = resource("AWS::S3::Bucket", {"BucketName": "kept"}, DeletionPolicy="Retain")
    change_set = deployer.propose({"Bucket": bucket}, "CREATE", ImportExistingResources=True)
    status = deployer.execute(change_set)
    assert (status == "CREATE_COMPLETE") is reads
    events = deployer.client.describe_stack_events(StackName="stack")["StackEvents"]
    assert any(READS in event.get("ResourceStatusReason", "") for event in events) is not reads


def test_events_are_returned_while_the_change_set_exists(deployer: Deployer) -> None:
    change_set = deployer.propose({"Queue": queue("one")}, "CREATE")
    assert deployer.events(change_set) == []
    with pytest.raises(ClientError, match="One of ChangeSetName, OperationId or StackName must be specified"):
        deployer.client.describe_events()
    with pytest.raises(ClientError, match="not supported by the sandbox"):
        deployer.client.describe_events(StackName="stack")
    deployer.client.delete_change_set(ChangeSetName=change_set["ChangeSetId"])
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        deployer.events(change_set)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        pytest.param(
            {"ChangeSetType": "UPDATE"}, "Stack with id stack does not exist", id="an update of a missing stack"
        ),
        pytest.param({"ChangeSetType": "IMPORT"}, "IMPORT is not supported", id="an import by resource list"),
        pytest.param({"ChangeSetName": "9"}, "changeSetName", id="an invalid name"),
        pytest.param({"Capabilities": []}, "InsufficientCapabilities", id="a missing capability"),
    ],
)
def test_a_change_set_is_refused(deployer: Deployer, parameters: dict[str, Any], message: str) -> None:
    request = {
        "StackName": "stack",
        "ChangeSetName": "changes",
        "ChangeSetType": "CREATE",
        "TemplateBody": template({"Role": role("x")}),
        "Capabilities": CAPABILITIES,
    }
    with pytest.raises(ClientError, match=message):
        deployer.client.create_change_set(**{**request, **parameters})


def test_names_of_change_sets_are_unique_in_a_stack(deployer: Deployer) -> None:
    deployer.deploy({"Queue": queue("one")})
    deployer.propose({"Queue": queue("two")})
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        deployer.propose({"Queue": queue("two")})


def test_a_retained_resource_is_adopted_again(sandbox: Sandbox, deployer: Deployer) -> None:
    kept = {"Queue": {**queue("one", DelaySeconds=1), "DeletionPolicy": "Retain"}, "Other": queue("two")}
    deployer.deploy(kept)
    deployer.client.delete_stack(StackName="stack")
    sandbox.settle()
    again = kept | {"Other": queue("three")}  # SQS does not accept the name of a queue that was just deleted
    change_set = deployer.propose(again, "CREATE", ImportExistingResources=True)
    assert shown(change_set) == {"Queue": ("Import", None), "Other": ("Add", None)}
    assert deployer.execute(change_set) == "CREATE_COMPLETE"
    (item,) = deployer.client.describe_stack_resources(StackName="stack", LogicalResourceId="Queue")["StackResources"]
    assert item["ResourceStatus"] == "IMPORT_COMPLETE"


def test_a_resource_that_the_stack_may_delete_is_not_adopted(sandbox: Sandbox, deployer: Deployer) -> None:
    sandbox.client("sqs", account=MEMBER).create_queue(QueueName="one")
    change_set = deployer.propose({"Queue": queue("one")}, "CREATE", ImportExistingResources=True)
    assert change_set["Status"] == "FAILED"
    assert change_set["StatusReason"].endswith("The affected resources are Queue ({QueueName=one})")


def test_a_rollback_keeps_adopted_resources(sandbox: Sandbox, deployer: Deployer) -> None:
    sqs = sandbox.client("sqs", account=MEMBER)
    sqs.create_queue(QueueName="one")
    resources = {
        "Queue": {**queue("one"), "DeletionPolicy": "RetainExceptOnCreate"},
        "Broken": {**queue("not a name"), "DependsOn": "Queue"},
    }
    change_set = deployer.propose(resources, "CREATE", ImportExistingResources=True)
    assert deployer.execute(change_set) == "ROLLBACK_COMPLETE"
    assert sqs.get_queue_url(QueueName="one")
