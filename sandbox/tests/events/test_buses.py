"""EventBridge from an event's arrival to its targets, across accounts and regions, as far as policies allow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.events.models import events_backends

from aws_org_sandbox.events import buses
from aws_org_sandbox.faults import Drop, Error, Fault, Throttle
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.tiny_functions import (
    create_function,
    create_queue,
    create_role,
    messages,
    policy,
    queue_arn,
    statement,
)

SHOP = "300000000001"
OUTSIDE = "us-east-1"
PATTERN = json.dumps({"source": ["aws.ecr"]})
PUSH = {
    "id": "e-1",
    "source": "aws.ecr",
    "detail-type": "AWS API Call via CloudTrail",
    "time": "2026-01-02T03:04:05Z",
    "resources": ["arn:aws:ecr:us-east-1:300000000001:repository/a"],
    "detail": {"eventName": "InitiateLayerUpload"},
}


@pytest.fixture
def central(sandbox: Sandbox) -> str:
    """The central bus, open for aws.ecr of this organization, with a rule that puts all into the queue `seen`."""
    events = sandbox.client("events")
    arn: str = events.create_event_bus(Name="central")["EventBusArn"]
    open_bus(sandbox)
    create_queue(sandbox, "seen", admits="events.amazonaws.com")
    events.put_rule(Name="all", EventBusName="central", EventPattern=PATTERN)
    target = {"Id": "queue", "Arn": queue_arn("seen", account=sandbox.central_account)}
    events.put_targets(Rule="all", EventBusName="central", Targets=[target])
    return arn


def open_bus(sandbox: Sandbox, **conditions: Any) -> None:
    """Let the organization put ECR's events on the central bus, under more conditions or others."""
    equals = {"aws:PrincipalOrgID": sandbox.organization.id, "events:source": "aws.ecr", **conditions}
    resource = f"arn:aws:events:eu-west-1:{sandbox.central_account}:event-bus/central"
    document = policy(
        statement("events:PutEvents", resource, Sid="org", Principal="*", Condition={"StringEquals": equals})
    )
    sandbox.client("events").put_permission(EventBusName="central", Policy=document)


def forward(sandbox: Sandbox, bus: str, *, resource: str | None = None, service: str = "events.amazonaws.com") -> str:
    """A rule in the shop's account that forwards to a bus, with a role and a dead-letter queue; returns its ARN."""
    role = create_role(
        sandbox,
        "forwarder",
        service=service,
        statements=[statement("events:PutEvents", resource or bus)],
        account=SHOP,
    )
    events = sandbox.client("events", account=SHOP, region=OUTSIDE)
    arn: str = events.put_rule(Name="forward", EventPattern=PATTERN)["RuleArn"]
    sqs = sandbox.client("sqs", account=SHOP, region=OUTSIDE)
    admits = policy(statement("sqs:SendMessage", Principal={"Service": "events.amazonaws.com"}))
    sqs.create_queue(QueueName="dead", Attributes={"Policy": admits})
    target = {
        "Id": "bus",
        "Arn": bus,
        "RoleArn": role,
        "DeadLetterConfig": {"Arn": queue_arn("dead", account=SHOP, region=OUTSIDE)},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
    }
    events.put_targets(Rule="forward", Targets=[target])
    return arn


def push(sandbox: Sandbox, event: dict[str, Any] | None = None) -> None:
    buses.deliver(event or PUSH, account=SHOP, region=OUTSIDE)
    sandbox.settle()


def seen(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Bodies of what reached the central queue."""
    url = sandbox.client("sqs").get_queue_url(QueueName="seen")["QueueUrl"]
    return [message["body"] for message in messages(sandbox, url)]


def dead(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What is in the shop's dead-letter queue."""
    sqs = sandbox.client("sqs", account=SHOP, region=OUTSIDE)
    received = sqs.receive_message(
        QueueUrl=sqs.get_queue_url(QueueName="dead")["QueueUrl"],
        MessageAttributeNames=["All"],
        MaxNumberOfMessages=10,
    )
    return [
        {"body": json.loads(message["Body"])}
        | {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        for message in received.get("Messages", ())
    ]


def test_the_envelope_is_unchanged_across_accounts_and_regions(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    push(sandbox)
    assert seen(sandbox) == [{"version": "0", "account": SHOP, "region": OUTSIDE, **PUSH}]
    assert dead(sandbox) == []


def test_an_event_that_matches_no_pattern_is_not_delivered(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    push(sandbox, {**PUSH, "source": "aws.s3"})
    assert seen(sandbox) == []
    assert metrics.total("AWS/Events", "TriggeredRules") == 0


def test_a_disabled_rule_does_nothing_until_it_is_enabled(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    events = sandbox.client("events", account=SHOP, region=OUTSIDE)
    events.disable_rule(Name="forward")
    push(sandbox)
    assert seen(sandbox) == []
    events.enable_rule(Name="forward")
    push(sandbox)
    assert len(seen(sandbox)) == 1


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        pytest.param({"aws:PrincipalOrgID": "o-another"}, "NO_PERMISSIONS", id="another organization"),
        pytest.param({"events:source": "aws.s3"}, "NO_PERMISSIONS", id="another source"),
        pytest.param({"events:detail-type": "Something else"}, "NO_PERMISSIONS", id="another detail type"),
    ],
)
def test_a_bus_that_does_not_admit_an_event_sends_the_event_to_the_dead_letter_queue_immediately(
    sandbox: Sandbox, central: str, conditions: dict[str, str], code: str
) -> None:
    rule = forward(sandbox, central)
    open_bus(sandbox, **conditions)
    push(sandbox)
    assert seen(sandbox) == []
    (letter,) = dead(sandbox)
    assert letter["body"]["id"] == "e-1"
    assert (letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]) == (code, "0")
    assert (letter["RULE_ARN"], letter["TARGET_ARN"]) == (rule, central)
    assert "events:PutEvents" in letter["ERROR_MESSAGE"]
    assert "EXHAUSTED_RETRY_CONDITION" not in letter


def test_without_permission_to_put_events_the_event_goes_to_the_dead_letter_queue(
    sandbox: Sandbox, central: str
) -> None:
    forward(sandbox, central, resource=central + "-other")
    push(sandbox)
    assert [letter["ERROR_CODE"] for letter in dead(sandbox)] == ["NO_PERMISSIONS"]


def test_if_the_role_does_not_trust_eventbridge_the_event_goes_to_the_dead_letter_queue(
    sandbox: Sandbox, central: str
) -> None:
    forward(sandbox, central, service="lambda.amazonaws.com")
    push(sandbox)
    assert [letter["ERROR_CODE"] for letter in dead(sandbox)] == ["FAILED_TO_ASSUME_ROLE"]


def test_a_missing_bus_sends_the_event_to_the_dead_letter_queue(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central.replace("/central", "/gone"))
    push(sandbox)
    assert [letter["ERROR_CODE"] for letter in dead(sandbox)] == ["NO_RESOURCE"]


def test_a_forwarded_event_is_not_forwarded_again(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    events = sandbox.client("events", account="300000000002")
    third = events.create_event_bus(Name="third")["EventBusArn"]
    role = create_role(
        sandbox, "again", service="events.amazonaws.com", statements=[statement("events:PutEvents", third)]
    )
    sandbox.client("events").put_targets(
        Rule="all", EventBusName="central", Targets=[{"Id": "third", "Arn": third, "RoleArn": role}]
    )
    push(sandbox)
    assert len(seen(sandbox)) == 1
    assert metrics.total("AWS/Events", "FailedInvocations", RuleName="all") == 1


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        pytest.param(Throttle(), "THROTTLING", id="throttling"),
        pytest.param(Error(code="InternalException", status=500), "INTERNAL_ERROR", id="an error of the service"),
        pytest.param(Drop(), "CONNECTION_FAILURE", id="a lost connection"),
    ],
)
def test_temporary_errors_are_retried_as_the_retry_policy_requires(
    sandbox: Sandbox, central: str, effect: Any, code: str
) -> None:
    forward(sandbox, central)
    fault = Fault(effect=effect, service="events", operation="PutEvents", principal="*forwarder*", times=2)
    sandbox.faults.add(fault)
    push(sandbox)
    assert len(seen(sandbox)) == 1
    assert metrics.total("AWS/Events", "RetryInvocationAttempts", RuleName="forward") == 2
    fault.times = None
    push(sandbox)
    (letter,) = dead(sandbox)
    assert (letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]) == (code, "3")
    assert letter["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"


def test_an_event_that_grows_too_old_is_not_retried(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    events = sandbox.client("events", account=SHOP, region=OUTSIDE)
    (target,) = events.list_targets_by_rule(Rule="forward")["Targets"]
    target["RetryPolicy"] = {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}
    events.put_targets(Rule="forward", Targets=[target])
    sandbox.faults.add(Fault(effect=Throttle(), service="events", operation="PutEvents"))
    push(sandbox)
    (letter,) = dead(sandbox)
    assert (letter["EXHAUSTED_RETRY_CONDITION"], letter["RETRY_ATTEMPTS"]) == ("MaximumEventAgeInSeconds", "5")


def test_a_dead_letter_queue_that_does_not_admit_eventbridge_loses_the_event(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central, resource="arn:aws:events:::event-bus/none")
    sqs = sandbox.client("sqs", account=SHOP, region=OUTSIDE)
    sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName="dead")["QueueUrl"], Attributes={"Policy": ""})
    push(sandbox)
    assert dead(sandbox) == []
    assert metrics.total("AWS/Events", "FailedInvocations", RuleName="forward") == 1
    assert metrics.total("AWS/Events", "InvocationsFailedToBeSentToDlq", RuleName="forward") == 1


def test_eventbridges_calls_are_logged_under_the_role_that_makes_them(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    push(sandbox)
    (call,) = sandbox.calls.of("events", "PutEvents", account=SHOP)
    assert call.principal.role_arn == f"arn:aws:iam::{SHOP}:role/forwarder"
    assert (call.region, call.error_code) == ("eu-west-1", None)


def rule_for(sandbox: Sandbox, target: dict[str, Any]) -> str:
    """A rule on the central account's default bus with one target and a dead-letter queue; returns its ARN."""
    events = sandbox.client("events")
    create_queue(sandbox, "seen", admits="events.amazonaws.com")
    arn: str = events.put_rule(Name="own", EventPattern=PATTERN)["RuleArn"]
    queue = {"Arn": queue_arn("seen", account=sandbox.central_account)}
    events.put_targets(Rule="own", Targets=[{"Id": "1", "DeadLetterConfig": queue, **target}])
    return arn


def test_a_function_is_invoked_only_if_its_policy_allows_the_rule(sandbox: Sandbox) -> None:
    function = create_function(sandbox)
    rule = rule_for(sandbox, {"Arn": function})
    buses.deliver(PUSH, account=sandbox.central_account, region=sandbox.home_region)
    sandbox.settle()
    assert [event["id"] for event in seen(sandbox)] == ["e-1"]
    assert metrics.total("AWS/Lambda", "Invocations") == 0
    sandbox.client("lambda").add_permission(
        FunctionName="tiny",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    buses.deliver(PUSH, account=sandbox.central_account, region=sandbox.home_region)
    sandbox.settle()
    assert metrics.total("AWS/Lambda", "Invocations", FunctionName="tiny") == 1
    assert seen(sandbox) == []


def test_a_permission_for_another_rule_does_not_allow_this_rule(sandbox: Sandbox) -> None:
    function = create_function(sandbox)
    rule = rule_for(sandbox, {"Arn": function})
    sandbox.client("lambda").add_permission(
        FunctionName="tiny",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule + "-other",
    )
    buses.deliver(PUSH, account=sandbox.central_account, region=sandbox.home_region)
    sandbox.settle()
    assert len(seen(sandbox)) == 1


def test_a_log_group_gets_events_if_a_resource_policy_allows_it(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="/events")
    arn = f"arn:aws:logs:{sandbox.home_region}:{sandbox.central_account}:log-group:/events"
    rule_for(sandbox, {"Arn": arn, "InputPath": "$.detail"})
    buses.deliver(PUSH, account=sandbox.central_account, region=sandbox.home_region)
    sandbox.settle()
    assert len(seen(sandbox)) == 1
    document = policy(statement("logs:PutLogEvents", f"{arn}:*", Principal={"Service": "events.amazonaws.com"}))
    logs.put_resource_policy(policyName="events", policyDocument=document)
    buses.deliver(PUSH, account=sandbox.central_account, region=sandbox.home_region)
    sandbox.settle()
    (stream,) = logs.describe_log_streams(logGroupName="/events")["logStreams"]
    written = logs.get_log_events(logGroupName="/events", logStreamName=stream["logStreamName"])["events"]
    assert [json.loads(event["message"]) for event in written] == [PUSH["detail"]]


def test_another_account_may_put_events_only_if_the_bus_policy_allows_it(sandbox: Sandbox, central: str) -> None:
    open_bus(sandbox, **{"events:source": "mine"})
    entry = {"Source": "mine", "DetailType": "d", "Detail": "{}", "EventBusName": central}
    stranger = sandbox.client("events", account=SHOP)
    assert stranger.put_events(Entries=[entry])["FailedEntryCount"] == 0
    with pytest.raises(ClientError) as refused:
        stranger.put_events(Entries=[{**entry, "Source": "other"}])
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_call_of_put_events_does_not_wait_for_delivery(sandbox: Sandbox, central: str) -> None:
    forward(sandbox, central)
    with sandbox.held():
        for _ in range(100):
            buses.deliver(PUSH, account=SHOP, region=OUTSIDE)
        assert metrics.total("AWS/Events", "Invocations") == 0
    sandbox.settle()
    assert metrics.total("AWS/Events", "Invocations", RuleName="all") == 100


def test_canary_motos_bus_and_rule_have_the_attributes_that_routing_reads(sandbox: Sandbox, central: str) -> None:
    bus = events_backends[sandbox.central_account]["eu-west-1"].event_buses["central"]
    rule = bus.rules["all"]
    names = {"name", "account_id", "region_name", "event_bus_name", "state", "managed_by", "targets", "event_pattern"}
    assert names <= vars(rule).keys()
    assert (bus.account_id, bus.region, rule.state) == (sandbox.central_account, "eu-west-1", "ENABLED")
    assert json.loads(bus.policy or "")["Statement"][0]["Sid"] == "org"
