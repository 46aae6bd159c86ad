"""What EventBridge checks in rules, targets and events sent to its API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.events.models import EventPatternParser, EventsBackend, Rule, events_backends

from aws_org_sandbox import seams
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.tiny_functions import create_queue, create_role, messages, queue_arn

QUEUE = queue_arn("seen", account="200000000001")
BUS = "arn:aws:events:eu-west-1:200000000001:event-bus/other"
FOREIGN_BUS = "arn:aws:events:eu-west-1:300000000001:event-bus/other"
ROLE = "arn:aws:iam::200000000001:role/forwarder"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        pytest.param({"source": [{"like": "a"}]}, "Unrecognized match type like", id="an unknown operator"),
        pytest.param({"source": "aws.ecr"}, "must be an object or an array", id="a bare value"),
        pytest.param({"detail": {}}, "Empty objects", id="an empty pattern object"),
    ],
)
def test_a_pattern_that_eventbridge_refuses_creates_no_rule(
    sandbox: Sandbox, pattern: dict[str, Any], reason: str
) -> None:
    events = sandbox.client("events")
    with pytest.raises(ClientError, match=reason) as refused:
        events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"
    assert events.list_rules()["Rules"] == []


def test_patterns_can_be_tried_without_a_rule(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    pattern, event = '{"source": [{"prefix": "aws."}]}', '{"source": "aws.ecr"}'
    assert events.test_event_pattern(EventPattern=pattern, Event=event)["Result"]
    assert not events.test_event_pattern(EventPattern=pattern, Event='{"source": "mine"}')["Result"]
    with pytest.raises(ClientError, match="Unrecognized match type"):
        events.test_event_pattern(EventPattern='{"source": [{"a": 1}]}', Event=event)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param({"Arn": BUS}, "RoleArn is required", id="a bus without a role"),
        pytest.param({"Arn": QUEUE, "RoleArn": ROLE}, "does not deliver with a role", id="a queue with a role"),
        pytest.param(
            {"Arn": BUS, "RoleArn": ROLE.replace("200000000001", "300000000001")},
            "Cross-account pass role",
            id="a role of another account",
        ),
        pytest.param(
            {
                "Arn": FOREIGN_BUS,
                "RoleArn": ROLE,
                "InputTransformer": {"InputPathsMap": {"a": "$.id"}, "InputTemplate": "<a>"},
            },
            "InputTransformer is not available",
            id="a transformer for a foreign bus",
        ),
        pytest.param(
            {"Arn": FOREIGN_BUS, "RoleArn": ROLE, "Input": "{}"},
            "Input is not available",
            id="a transformer with an input",
        ),
        pytest.param(
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": QUEUE + ".fifo"}},
            "standard SQS queue",
            id="a FIFO dead-letter queue",
        ),
        pytest.param(
            {"Arn": QUEUE, "DeadLetterConfig": {"Arn": QUEUE.replace("eu-west-1", "us-east-1")}},
            "standard SQS queue in eu-west-1",
            id="a dead-letter queue in another region",
        ),
        pytest.param(
            {"Arn": QUEUE.replace("eu-west-1", "us-east-1")},
            "not in the account and region",
            id="a queue in another region",
        ),
        pytest.param(
            {"Arn": "arn:aws:kinesis:eu-west-1:200000000001:stream/s"},
            "does not deliver to targets of kinesis",
            id="a kind of target that the sandbox lacks",
        ),
    ],
)
def test_a_target_that_cannot_work_is_refused(sandbox: Sandbox, target: dict[str, Any], reason: str) -> None:
    create_role(sandbox, "forwarder", service="events.amazonaws.com", statements=[])
    events = sandbox.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["a"]}')
    with pytest.raises(ClientError, match=reason) as refused:
        events.put_targets(Rule="r", Targets=[{"Id": "1", **target}])
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert events.list_targets_by_rule(Rule="r")["Targets"] == []


def test_a_rule_has_five_targets_at_most(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["a"]}')
    events.put_targets(Rule="r", Targets=[{"Id": str(number), "Arn": QUEUE} for number in range(5)])
    events.put_targets(Rule="r", Targets=[{"Id": "4", "Arn": QUEUE}])
    with pytest.raises(ClientError) as refused:
        events.put_targets(Rule="r", Targets=[{"Id": "6", "Arn": QUEUE}])
    assert refused.value.response["Error"]["Code"] == "LimitExceededException"


GOOD = {"Source": "mine", "DetailType": "d", "Detail": '{"a": 1}'}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        pytest.param({"Source": "aws.ecr"}, "NotAuthorizedForSourceException", id="a source that begins with aws"),
        pytest.param({"Source": ""}, "InvalidArgument", id="no source"),
        pytest.param({"DetailType": ""}, "InvalidArgument", id="no detail type"),
        pytest.param({"Detail": ""}, "InvalidArgument", id="no detail"),
        pytest.param({"Detail": "{"}, "MalformedDetail", id="a detail that is not JSON"),
        pytest.param({"Detail": "[1]"}, "MalformedDetail", id="a detail that is not an object"),
        pytest.param({"Detail": json.dumps({"a": "x" * 262_144})}, "InvalidArgument", id="an entry over 256 KB"),
        pytest.param({"EventBusName": "gone"}, "ResourceNotFoundException", id="a missing bus"),
    ],
)
def test_a_refused_entry_does_not_affect_the_others(sandbox: Sandbox, entry: dict[str, str], code: str) -> None:
    events = sandbox.client("events")
    url = create_queue(sandbox, "seen", admits="events.amazonaws.com")
    events.put_rule(Name="r", EventPattern='{"account": ["200000000001"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": QUEUE}])
    answer = events.put_events(Entries=[{**GOOD, **entry}, GOOD])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    sandbox.settle()
    (message,) = messages(sandbox, url)
    assert message["body"]["id"] == answer["Entries"][1]["EventId"]
    assert message["body"]["detail"] == {"a": 1}


def test_more_than_ten_entries_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="less than or equal to 10"):
        sandbox.client("events").put_events(Entries=[GOOD] * 11)


def test_an_event_has_the_time_of_its_entry(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    url = create_queue(sandbox, "seen", admits="events.amazonaws.com")
    events.put_rule(Name="r", EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": QUEUE, "InputPath": "$.time"}])
    events.put_events(Entries=[{**GOOD, "Time": "2026-01-02T03:04:05+01:00"}])
    sandbox.settle()
    assert [message["body"] for message in messages(sandbox, url)] == ["2026-01-02T02:04:05Z"]


@pytest.mark.usefixtures("running_sandbox")
def test_canary_stock_moto_parses_a_pattern_with_an_unknown_operator() -> None:
    stock = seams.original(EventPatternParser, "parse")
    assert stock(EventPatternParser('{"source": [{"like": "a"}]}')) == {"source": [{"like": "a"}]}


@pytest.mark.usefixtures("running_sandbox")
def test_canary_stock_moto_accepts_any_number_of_targets() -> None:
    rule = Rule("r", "200000000001", "eu-west-1", None, None, None, None, "default", None)  # type: ignore[abstract]
    seams.original(Rule, "put_targets")(rule, [{"Id": str(number), "Arn": QUEUE} for number in range(9)])
    assert len(rule.targets) == 9


def test_a_bus_with_rules_is_not_deleted_and_no_bus_has_the_prefix_of_partners(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    with pytest.raises(ClientError, match="must not start with 'aws"):
        events.create_event_bus(Name="aws.mine")
    events.create_event_bus(Name="bus")
    events.put_rule(Name="r", EventBusName="bus", EventPattern='{"source": ["a"]}')
    with pytest.raises(ClientError, match="it has rules"):
        events.delete_event_bus(Name="bus")
    events.delete_rule(Name="r", EventBusName="bus")
    events.delete_event_bus(Name="bus")


def test_targets_of_one_request_need_different_ids(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["a"]}')
    target = {"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:200000000001:q"}
    with pytest.raises(ClientError, match="Duplicate target ids"):
        events.put_targets(Rule="r", Targets=[target, target])


@pytest.mark.parametrize("schedule", ["rate(1 minutes)", "cron(0 12 * * * *)"])
def test_an_invalid_schedule_is_refused(sandbox: Sandbox, schedule: str) -> None:
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        sandbox.client("events").put_rule(Name="r", ScheduleExpression=schedule)


@pytest.mark.parametrize("schedule", ["rate(1 hour)", "cron(0 12 * * ? *)"])
def test_a_valid_schedule_is_accepted(sandbox: Sandbox, schedule: str) -> None:
    sandbox.client("events").put_rule(Name="r", ScheduleExpression=schedule)


def test_canary_moto_accepts_a_schedule_of_1_minutes_and_deletes_a_bus_that_has_rules(sandbox: Sandbox) -> None:
    backend = events_backends[sandbox.central_account]["eu-west-1"]
    put = original(EventsBackend, "put_rule")
    put(backend, name="r", scheduled_expression="rate(1 minutes)")
    backend.create_event_bus("bus")
    put(backend, name="r", event_bus_arn="bus", event_pattern='{"source": ["a"]}')
    original(EventsBackend, "delete_event_bus")(backend, "bus")
    assert "bus" not in backend.event_buses
