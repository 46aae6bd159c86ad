"""Notices from the handler's zip to subscribers, with the roles and policies of the templates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from moto.events.models import events_backends
from moto.sns.models import sns_backends

from aws_org_sandbox.events import buses
from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.sandbox import Sandbox
from handler.notices import DETAIL_TYPE, SOURCE
from tests.handler.installation import CONFIG, REGION, Installed, install, push

CENTRAL = "200000000001"
TOPIC = f"arn:aws:sns:{REGION}:{CENTRAL}:deployer-notices"
BUS = "deployer-events"


def install_with(said: str, sandbox: Sandbox, folder: Path) -> Installed:
    """An installation with additions to organization.yaml."""
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    file = config / "organization.yaml"
    file.write_text(f"{file.read_text()}\n{said}\n")
    return install(sandbox, config=config)


_shared: list[Installed] = []


def install_with_topic(sandbox: Sandbox) -> None:
    with TemporaryDirectory() as folder:
        _shared[:] = [install_with("notifications: {topic: create}", sandbox, Path(folder))]


with_topic = pytest.mark.begins_with(prepare=install_with_topic)
"""The fixture `installed` is an installation with a topic."""


@pytest.fixture
def installed(sandbox: Sandbox) -> Installed:
    assert sandbox is _shared[0].sandbox
    return _shared[0]


def on_the_bus(installed: Installed, *events: Any) -> None:
    """Put events on the central bus as the members' rules do."""
    for event in events:
        buses.receive(event, account=CENTRAL, region=REGION, bus=BUS, forwarded=True)
    installed.sandbox.settle(120)


def messages() -> list[str]:
    return [one[1] for one in sns_backends[CENTRAL][REGION].topics[TOPIC].sent_notifications]


CREATED, REFUSED = push("team-a/api", event_id="event-1"), push("team-a/tmp-1", event_id="event-2")


def test_subscribers_receive_the_reason_of_a_refused_push(sandbox: Sandbox, tmp_path: Path) -> None:
    installed = install_with("notifications: {topic: create, format: slack, outcomes: [refused]}", sandbox, tmp_path)
    on_the_bus(installed, CREATED, REFUSED)
    (message,) = map(json.loads, messages())
    assert (message["version"], message["source"]) == ("1.0", "custom")
    content = message["content"]
    assert content["textType"] == "client-markdown"
    assert content["title"] == "Repository team-a/tmp-1 refused in shop-prod, eu-west-1"
    assert content["description"].startswith(
        "The name matches 'create.names.deny'; push under another name, or have the OU's file changed. "
        "Rule: create.names.deny: **/tmp-*.\n*By* "
    )
    assert content["description"].endswith("in account 300000000001, Workloads/Prod\nEvent event-2")


def test_no_name_breaks_a_message(sandbox: Sandbox, tmp_path: Path) -> None:
    names = ['x"}<!channel>', 'a\\"b', "`*_~[x](http://evil.example)", "x" * 512, "\u202etxet"]
    installed = install_with("notifications: {topic: create, format: teams}", sandbox, tmp_path)
    on_the_bus(installed, *(push(name, event_id=f"event-{number}") for number, name in enumerate(names)))
    titles = [json.loads(message)["content"]["title"] for message in messages()]
    assert len(titles) == len(names)
    for title in titles:
        assert "refused in shop-prod" in title
        assert not set("<>[]`@") & set(title)


@with_topic
def test_subscribers_of_the_bus_receive_each_decision_and_the_handler_does_not(installed: Installed) -> None:
    events = installed.sandbox.client("events")
    sqs = installed.sandbox.client("sqs")
    everything = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]})
    url = sqs.create_queue(QueueName="listener", Attributes={"Policy": everything})["QueueUrl"]
    events.put_rule(Name="listener", EventBusName=BUS, EventPattern=json.dumps({"source": [SOURCE]}))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{CENTRAL}:listener"}
    events.put_targets(Rule="listener", EventBusName=BUS, Targets=[target])
    on_the_bus(installed, CREATED, REFUSED, CREATED)
    heard = [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert sorted((one["source"], one["detail-type"], one["detail"]["outcome"]) for one in heard) == [
        (SOURCE, DETAIL_TYPE, "created"),
        (SOURCE, DETAIL_TYPE, "refused"),
    ]
    handled = [call for call in installed.sandbox.calls if call.name == "lambda:Invoke"]
    assert len(handled) == 3
    (archive,) = events_backends[CENTRAL][REGION].archives.values()
    assert {event["source"] for event in archive.events} == {"aws.ecr"}
    assert sum("Repository team-a/api created" in message for message in messages()) == 1


@with_topic
def test_a_rejected_notice_does_not_fail_the_decision(installed: Installed) -> None:
    refusal = Error(code="AccessDeniedException")
    fault = installed.sandbox.faults.add(Fault(effect=refusal, service="events", operation="PutEvents"))
    on_the_bus(installed, CREATED)
    assert fault.hits
    assert [record.outcome for record in installed.records()] == ["created"]
    assert installed.failures() == []
    assert installed.repository("team-a/api") is not None
    assert messages() == []


@with_topic
def test_a_notice_that_the_topic_refuses_waits_in_its_own_queue_and_is_counted(installed: Installed) -> None:
    refusing = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": TOPIC}
    installed.sandbox.client("sns").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [refusing]})
    )
    on_the_bus(installed, CREATED)
    sqs = installed.sandbox.client("sqs")
    url = sqs.get_queue_url(QueueName="deployer-notices-dead-letters")["QueueUrl"]
    (letter,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert json.loads(letter["Body"])["detail"]["repository"] == "team-a/api"
    assert (messages(), installed.failures()) == ([], [])

    alarms = installed.sandbox.client("cloudwatch").describe_alarms(AlarmNames=["deployer-notices-undelivered"])
    (alarm,) = alarms["MetricAlarms"]
    (query,) = alarm["Metrics"]
    metric = query["MetricStat"]["Metric"]
    dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
    assert metrics.total(metric["Namespace"], metric["MetricName"], **dimensions) == 1
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@with_topic
def test_only_the_rule_for_notices_publishes_and_only_with_its_role(installed: Installed) -> None:
    on_the_bus(installed, CREATED)
    published = {call.principal.role_arn for call in installed.sandbox.calls.of("sns", "Publish")}
    assert published == {f"arn:aws:iam::{CENTRAL}:role/deployer-notices"}
    assert len(messages()) == 1
