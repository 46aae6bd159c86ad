from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, delete_stack
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, MEMBER, arn_of, deploy, policy, resource, role, trust

BUS_ARN = f"arn:aws:events:{HOME}:{MEMBER}:event-bus/bus"
BUS = resource("AWS::Events::EventBus", {"Name": "bus", "Description": "Events", "Tags": [{"Key": "a", "Value": "1"}]})
QUEUES = {
    "Queue": resource("AWS::SQS::Queue", {"QueueName": "queue"}),
    "Other": resource("AWS::SQS::Queue", {"QueueName": "other"}),
    "Letters": resource("AWS::SQS::Queue", {"QueueName": "letters"}),
}


@pytest.fixture
def events(sandbox: Sandbox) -> Any:
    return sandbox.client("events", account=MEMBER)


def remove() -> None:
    delete_stack(account=MEMBER, region=HOME, name="stack")


def statement(sid: str, **condition: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": {"Fn::GetAtt": ["Bus", "Arn"]},
        "Condition": {"StringEquals": condition},
    }


def bus_policy(sid: str, **condition: str) -> dict[str, Any]:
    properties = {"EventBusName": {"Ref": "Bus"}, "StatementId": sid, "Statement": statement(sid, **condition)}
    return resource("AWS::Events::EventBusPolicy", properties)


def test_a_bus_is_found_by_name_and_by_arn(events: Any) -> None:
    outputs = {"Name": {"Value": {"Ref": "Bus"}}, "Arn": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}}}
    assert deploy({"Bus": BUS}, Outputs=outputs).outputs == {"Name": "bus", "Arn": BUS_ARN}
    bus = events.describe_event_bus(Name="bus")
    assert (bus["Arn"], bus["Description"]) == (BUS_ARN, "Events")
    assert events.list_tags_for_resource(ResourceARN=BUS_ARN)["Tags"] == [{"Key": "a", "Value": "1"}]
    deploy({"Bus": resource("AWS::Events::EventBus", {"Name": "bus", "Description": "More"})})
    assert events.describe_event_bus(Name="bus")["Description"] == "More"
    assert events.list_tags_for_resource(ResourceARN=BUS_ARN)["Tags"] == []
    remove()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_event_bus(Name="bus")


def test_a_bus_policy_consists_of_its_statements(events: Any) -> None:
    def statements() -> dict[str, Any]:
        text = events.describe_event_bus(Name="bus").get("Policy")
        return {item["Sid"]: item for item in json.loads(text)["Statement"]} if text else {}

    one, two = bus_policy("one", **{"aws:PrincipalOrgID": "o-1"}), bus_policy("two", **{"aws:PrincipalOrgID": "o-2"})
    deploy({"Bus": BUS, "One": one, "Two": two})
    assert set(statements()) == {"one", "two"}
    assert statements()["one"]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    assert statements()["one"]["Resource"] == BUS_ARN
    deploy({"Bus": BUS, "One": bus_policy("one", **{"aws:PrincipalOrgID": "o-3"}), "Two": two})
    assert statements()["one"]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-3"}}
    deploy({"Bus": BUS, "Two": two})
    assert set(statements()) == {"two"}


def rule(**properties: Any) -> dict[str, Any]:
    pattern = {"source": ["aws.ecr"], "detail-type": ["AWS API Call via CloudTrail"]}
    return resource("AWS::Events::Rule", {"Name": "rule", "EventPattern": pattern, **properties})


def target(id_: str, queue: str = "Queue", **more: Any) -> dict[str, Any]:
    return {"Id": id_, "Arn": {"Fn::GetAtt": [queue, "Arn"]}, **more}


def test_a_rule_has_pattern_state_and_targets(events: Any) -> None:
    careful = target(
        "careful",
        DeadLetterConfig={"Arn": {"Fn::GetAtt": ["Letters", "Arn"]}},
        RetryPolicy={"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
    )
    outputs = {"Ref": {"Value": {"Ref": "Rule"}}, "Arn": {"Value": {"Fn::GetAtt": ["Rule", "Arn"]}}}
    stack = deploy({**QUEUES, "Rule": rule(Description="Forwards", Targets=[careful])}, Outputs=outputs)
    assert stack.outputs == {"Ref": "rule", "Arn": f"arn:aws:events:{HOME}:{MEMBER}:rule/rule"}
    found = events.describe_rule(Name="rule")
    assert (found["State"], found["Description"]) == ("ENABLED", "Forwards")
    assert json.loads(found["EventPattern"])["source"] == ["aws.ecr"]
    (listed,) = events.list_targets_by_rule(Rule="rule")["Targets"]
    assert listed == {
        "Id": "careful",
        "Arn": f"arn:aws:sqs:{HOME}:{MEMBER}:queue",
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{HOME}:{MEMBER}:letters"},
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
    }


def test_a_rule_is_updated_in_place(events: Any) -> None:
    deploy({**QUEUES, "Rule": rule(Targets=[target("a"), target("b")])})
    pattern = {"source": ["aws.s3"]}
    deploy(
        {**QUEUES, "Rule": rule(State="DISABLED", EventPattern=pattern, Targets=[target("b", "Other"), target("c")])}
    )
    found = events.describe_rule(Name="rule")
    assert (found["State"], json.loads(found["EventPattern"])) == ("DISABLED", pattern)
    targets = {
        item["Id"]: item["Arn"].rsplit(":", 1)[-1] for item in events.list_targets_by_rule(Rule="rule")["Targets"]
    }
    assert targets == {"b": "other", "c": "queue"}
    remove()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_rule(Name="rule")


def test_a_rule_on_a_custom_bus_is_not_on_the_default_bus(events: Any) -> None:
    outputs = {"Ref": {"Value": {"Ref": "Rule"}}, "Arn": {"Value": {"Fn::GetAtt": ["Rule", "Arn"]}}}
    resources = {**QUEUES, "Bus": BUS, "Rule": rule(EventBusName={"Ref": "Bus"}, Targets=[target("a")])}
    stack = deploy(resources, Outputs=outputs)
    assert stack.outputs == {"Ref": "bus|rule", "Arn": f"arn:aws:events:{HOME}:{MEMBER}:rule/bus/rule"}
    assert events.describe_rule(Name="rule", EventBusName="bus")["EventBusName"] == "bus"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_rule(Name="rule")
    remove()


def test_a_target_on_another_bus_has_a_role(events: Any) -> None:
    forwarding = role("forwarding", trusts=trust({"Service": "events.amazonaws.com"}))
    foreign = {
        "Id": "central",
        "Arn": "arn:aws:events:eu-west-1:200000000001:event-bus/central",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    deploy({"Role": forwarding, "Rule": rule(Targets=[foreign])})
    (listed,) = events.list_targets_by_rule(Rule="rule")["Targets"]
    assert listed["RoleArn"] == arn_of("forwarding")


def test_an_existing_rule_is_not_overwritten(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern='{"source": ["mine"]}')
    with pytest.raises(StackFailed, match="'AWS::Events::Rule' with identifier 'rule' already exists"):
        deploy({"Rule": rule()})
    assert json.loads(events.describe_rule(Name="rule")["EventPattern"]) == {"source": ["mine"]}


def test_an_archive_is_created_updated_and_deleted(events: Any) -> None:
    def archive(**properties: Any) -> dict[str, Any]:
        source = {"Fn::GetAtt": ["Bus", "Arn"]}
        return resource("AWS::Events::Archive", {"ArchiveName": "archive", "SourceArn": source, **properties})

    deploy({"Bus": BUS, "Archive": archive(RetentionDays=30, EventPattern={"source": ["aws.ecr"]}, Description="All")})
    found = events.describe_archive(ArchiveName="archive")
    assert (found["EventSourceArn"], found["RetentionDays"], found["Description"]) == (BUS_ARN, 30, "All")
    assert "aws.ecr" in found["EventPattern"]
    deploy({"Bus": BUS, "Archive": archive(RetentionDays=7)})
    assert events.describe_archive(ArchiveName="archive")["RetentionDays"] == 7
    remove()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_archive(ArchiveName="archive")


def test_a_queue_policy_is_set_and_removed(sandbox: Sandbox) -> None:
    sqs = sandbox.client("sqs", account=MEMBER)

    def found(name: str) -> str | None:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        text: str | None = (
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")
        )
        return text

    def queue_policy(*names: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        document = policy({**statement, "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}})
        queues = [{"Ref": name} for name in names]
        return resource("AWS::SQS::QueuePolicy", {"Queues": queues, "PolicyDocument": document})

    deploy({**QUEUES, "Policy": queue_policy("Queue", "Letters")})
    assert f"arn:aws:sqs:{HOME}:{MEMBER}:queue" in (found("queue") or "")
    assert found("letters")
    deploy({**QUEUES, "Policy": queue_policy("Queue")})
    assert found("queue")
    assert not found("letters")
    deploy(QUEUES)
    assert not found("queue")
