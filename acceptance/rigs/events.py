"""Events of one refused push, seen at every place: the member's default bus, the central bus, and the dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from troposphere import GetAtt, Ref, Template, events, sqs

from acceptance.access import Side
from acceptance.lab import Lab
from acceptance.rigs.registry import Answer, begin_push
from acceptance.rigs.roles import roles
from handler.events import SOURCE
from templates import forwarding
from templates.bus import BUS, bus
from templates.event_pattern import detail_types, forwarded_events
from templates.policy_documents import policy
from templates.resource_policies import admit_dead_letters

REPOSITORY = "pushed"
LONG_POLL = 5
"""Seconds; a short poll asks only some of SQS's servers, of which the sandbox has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a queue: the event, when it was received, and what EventBridge says about a dead letter."""

    event: Mapping[str, Any]
    received: datetime
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A refused push, and its event as the member's default bus delivered it."""

    repository: str
    answer: Answer
    message: Message


def captured(lab: Lab) -> None:
    """A queue in the member that gets every event of ECR from CloudTrail."""
    lab.shared("capture", lambda: lab.stack("member", "capture", _capture(lab).to_dict()))


def forwarded(lab: Lab) -> None:
    """The central bus with its policy, the forwarding role and rule, by `deployer`'s own templates.

    Raises StackError if AWS rejects the rule or its role.
    """
    roles(lab)
    lab.shared("bus", lambda: lab.stack("central", "bus", _central_bus(lab).to_dict()))
    lab.shared("forwarding", lambda: lab.stack("member", "forwarding", forwarding.template(lab.names).to_dict()))


def push(lab: Lab) -> Push:
    """One push to a repository that does not exist, by the member's own credentials."""
    captured(lab)
    return lab.shared("push", lambda: _push(lab))


def forwarded_push(lab: Lab) -> Message:
    """What became of the push on its way to the central account: its event there, or its dead letter here."""
    forwarded(lab)
    pushed = push_again(lab)
    return lab.shared("forwarded push", lambda: lab.wait("an event that is forwarded", lambda: _arrived(lab, pushed)))


def push_again(lab: Lab) -> str:
    """A push made when forwarding works; its repository's name."""
    name = f"{lab.prefix}/forwarded"
    lab.shared("second push", lambda: begin_push(lab, lab.access.session("member"), name))
    return name


def receive(lab: Lab, side: Side, queue: str, text: str) -> Message | None:
    """The next message of a queue whose event holds a text; others are deleted."""
    return next(iter(receive_all(lab, side, queue, text)), None)


def receive_all(lab: Lab, side: Side, queue: str, text: str) -> tuple[Message, ...]:
    """The next messages of a queue whose events hold a text, ten at most; others are deleted."""
    client = lab.client(side, "sqs")
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    seconds = 0 if lab.access.is_sandbox else LONG_POLL
    found = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds, MessageAttributeNames=["All"]
    ).get("Messages", [])
    for one in found:
        client.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    now = datetime.now(UTC)
    return tuple(_message(one, now) for one in found if text in one["Body"])


def is_forwarded(lab: Lab, event: Mapping[str, Any], *, observe: bool) -> bool:
    """Whether the pattern of the forwarding rule matches an event; `observe` as for `forwarded_events`."""
    pattern = json.dumps(forwarded_events(observe=observe))
    answer = lab.client("member", "events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
    return bool(answer["Result"])


def differences(call: object, expected: Mapping[str, object]) -> list[str]:
    """What the handler reads in an event and is not as expected, as texts."""
    found = {name: getattr(call, name) for name in expected}
    return [f"{name} is {value}" for name, value in found.items() if value != expected[name]]


def _message(received: Mapping[str, Any], now: datetime) -> Message:
    attributes = {key: value.get("StringValue", "") for key, value in received.get("MessageAttributes", {}).items()}
    return Message(event=json.loads(received["Body"]), received=now, attributes=attributes)


def _push(lab: Lab) -> Push:
    name = f"{lab.prefix}/{REPOSITORY}"
    answer = begin_push(lab, lab.access.session("member"), name)
    message = lab.wait(
        "the event of a push in the member's default bus",
        lambda: receive(lab, "member", lab.name("capture"), name),
    )
    return Push(repository=name, answer=answer, message=message)


def _arrived(lab: Lab, repository: str) -> Message | None:
    dead = lab.names.forwarding_dead_letter_queue
    return receive(lab, "central", lab.name("arrived"), repository) or receive(lab, "member", dead, repository)


def _capture(lab: Lab) -> Template:
    template = Template(Description="acceptance: every ECR event of CloudTrail")
    rule = events.Rule(
        "Rule",
        Name=lab.name("capture"),
        EventPattern={"source": [SOURCE], "detail-type": detail_types(observe=True)},
        State="ENABLED",
        Targets=[events.Target(Id="queue", Arn=GetAtt("Queue", "Arn"))],
    )
    for resource in (*_queue(lab.name("capture"), rule_arn=GetAtt("Rule", "Arn")), rule):
        template.add_resource(resource)
    return template


def _central_bus(lab: Lab) -> Template:
    template = Template(Description="acceptance: a central event bus")
    names = lab.names
    rule = events.Rule(
        "Rule",
        Name=lab.name("arrived"),
        EventBusName=Ref(BUS),
        EventPattern=forwarded_events(observe=False),
        State="ENABLED",
        Targets=[events.Target(Id="queue", Arn=GetAtt("Queue", "Arn"))],
    )
    bus_and_policy = [
        one for one in bus(names, archive_days=1, observe=True) if one.resource_type != "AWS::Events::Archive"
    ]
    for resource in (*bus_and_policy, *_queue(lab.name("arrived"), rule_arn=GetAtt("Rule", "Arn")), rule):
        template.add_resource(resource)
    return template


def _queue(name: str, *, rule_arn: Any) -> list[Any]:
    document = policy(admit_dead_letters("Queue", rule_arn=rule_arn))
    return [
        sqs.Queue("Queue", QueueName=name),
        sqs.QueuePolicy("QueuePolicy", Queues=[Ref("Queue")], PolicyDocument=document),
    ]
