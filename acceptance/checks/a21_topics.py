"""A21: EventBridge publishes to a topic with the role of the target."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from troposphere import Ref, Template, events, sqs

from acceptance.check import Check, Finding, held, refuted
from acceptance.lab import Lab, StackError
from acceptance.rigs.events import Message, receive
from handler.notices import DETAIL_TYPE, SOURCE
from templates.bus import BUS
from templates.names import Names
from templates.notices import CREATE, Notifications, notices
from templates.policy_documents import Statement, policy

OUTCOME = "created"


def run(lab: Lab) -> Finding:
    """Deploy the rule and the topic for notices, subscribe a queue, and send a notice."""
    names = replace(lab.names, prefix=lab.name("n"))
    try:
        lab.stack("central", "notices", _template(names, lab).to_dict())
    except StackError as error:
        if "Rule" in {one["LogicalResourceId"].removeprefix("Notices") for one in error.events}:
            return refuted("AWS rejected the rule with a role", events=error.events)
        raise
    _subscribe(lab, names)
    _send(lab, names)
    message = lab.wait("a notice", lambda: _arrived(lab, names))
    if message.attributes.get("ERROR_CODE"):
        return refuted("EventBridge could not publish with the role", attributes=message.attributes)
    return held("The notice reached a subscriber of the topic")


def _template(names: Names, lab: Lab) -> Template:
    template = Template(Description="acceptance: notices through a topic")
    template.add_resource(events.EventBus(BUS, Name=names.event_bus))
    for one in notices(names, Notifications(topic=CREATE), bus=BUS):
        template.add_resource(one)
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _queue_arn(lab),
        "Condition": {"ArnEquals": {"aws:SourceArn": _topic_arn(names)}},
    }
    template.add_resource(sqs.Queue("Subscriber", QueueName=lab.name("notices")))
    template.add_resource(
        sqs.QueuePolicy("SubscriberPolicy", Queues=[Ref("Subscriber")], PolicyDocument=policy(statement))
    )
    return template


def _topic_arn(names: Names) -> str:
    return f"arn:{names.partition}:sns:{names.central_region}:{names.central_account}:{names.notices_topic}"


def _queue_arn(lab: Lab) -> str:
    owner = f"{lab.environment.region}:{lab.environment.central_account}"
    return f"arn:{lab.names.partition}:sqs:{owner}:{lab.name('notices')}"


def _subscribe(lab: Lab, names: Names) -> None:
    """The subscription goes with the topic."""
    client = lab.client("central", "sns")
    client.subscribe(TopicArn=_topic_arn(names), Protocol="sqs", Endpoint=_queue_arn(lab))


def _send(lab: Lab, names: Names) -> None:
    message = {"title": lab.prefix, "text": "A notice of an acceptance run", "who": "nobody"}
    detail = {"outcome": OUTCOME, "event_id": lab.prefix, "message": message}
    entry: dict[str, Any] = {
        "EventBusName": names.event_bus,
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(detail),
    }
    lab.client("central", "events").put_events(Entries=[entry])


def _arrived(lab: Lab, names: Names) -> Message | None:
    dead = names.notices_dead_letter_queue
    return receive(lab, "central", lab.name("notices"), lab.prefix) or receive(lab, "central", dead, lab.prefix)


CHECK = Check(
    number=21,
    title="EventBridge publishes to a topic with the role of the target",
    run=run,
    creates=("central: a stack of an event bus, a rule with its role, a topic and two queues",),
    minutes=3,
    altered_by="TOPIC_ROLES_UNUSED",
)
