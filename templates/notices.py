"""Notices to people: a rule that turns the handler's events into messages of an SNS topic, and the topic if wanted.

Slack and Teams are reached through Amazon Q Developer in chat applications, which takes its custom notifications from
a topic (https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html). EventBridge fills in the templates
without escaping; the handler has made `message` of harmless characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from troposphere import AWSObject, GetAtt, Ref, events, iam, sns

from handler.notices import DETAIL_TYPE, SOURCE
from templates import trust
from templates.names import Names
from templates.parts import dead_letters, retry_policy, role, tags
from templates.policies import policy, publish_notices
from templates.queues import dead_letter_queue
from templates.resource_policies import admit_publishers

QUEUE = "NoticesDeadLetterQueue"
ROLE = "NoticesRole"
RULE = "NoticesRule"
TOPIC = "NoticesTopic"
CREATE = "create"

Format = Literal["text", "slack", "teams"]
Outcome = Literal["created", "refused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """Who is told of decisions, beyond those who listen on the central event bus."""

    topic: str = field(
        metadata={
            "doc": "ARN of an SNS topic in the central account and region that is not encrypted by a key of AWS's, "
            "or `create` for one that deployer makes.",
            "example": CREATE,
        }
    )
    format: Format = field(
        default="text",
        metadata={"doc": "text, or slack or teams as Amazon Q Developer takes it from a topic.", "example": "slack"},
    )
    outcomes: tuple[Outcome, ...] = field(
        default=("created", "refused", "failed"),
        metadata={"doc": "Which decisions are told.", "example": ["refused", "failed"]},
    )


def notices(names: Names, wanted: Notifications | None, *, bus: str) -> list[AWSObject]:
    """The rule on the bus (a logical id), its role and its queue for what it could not publish, and the topic where one
    is to be created; nothing if nobody receives notices.
    """
    if wanted is None:
        return []
    made = _topic(names) if wanted.topic == CREATE else []
    topic = Ref(TOPIC) if made else wanted.topic
    queue = dead_letter_queue(
        QUEUE, queue_name=names.notices_dead_letter_queue, names=names, rule_arn=GetAtt(RULE, "Arn")
    )
    return [*made, *queue, _role(names, topic=topic), _rule(names, wanted, bus=bus, topic=topic)]


def pattern(wanted: Notifications) -> dict[str, Any]:
    """Our own events, of the outcomes to report."""
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"outcome": sorted(set(wanted.outcomes))}}


def _role(names: Names, *, topic: Any) -> iam.Role:
    """EventBridge publishes by a role (A21): conditions in the policy of a topic could not hold it to the rule."""
    return role(
        ROLE,
        names,
        name=names.notices_role,
        description="Lets EventBridge publish notices of decisions to the topic",
        trusted=trust.notices_rule(names),
        purpose="publish-notices",
        allowed=[publish_notices(topic)],
    )


def _rule(names: Names, wanted: Notifications, *, bus: str, topic: Any) -> events.Rule:
    target = events.Target(
        Id="notices",
        Arn=topic,
        RoleArn=GetAtt(ROLE, "Arn"),
        InputTransformer=events.InputTransformer(
            InputPathsMap={
                "title": "$.detail.message.title",
                "text": "$.detail.message.text",
                "who": "$.detail.message.who",
                "event": "$.detail.event_id",
            },
            InputTemplate=TEMPLATES[wanted.format],
        ),
        RetryPolicy=retry_policy(),
        DeadLetterConfig=dead_letters(QUEUE),
    )
    return events.Rule(
        RULE,
        Name=names.notices_rule,
        Description="Tells people of decisions, through a topic",
        EventBusName=Ref(bus),
        EventPattern=pattern(wanted),
        State="ENABLED",
        Targets=[target],
        Tags=tags(names),
    )


def _topic(names: Names) -> list[AWSObject]:
    """Not encrypted with a key: the role would need one that admits it, and there is no secret in a notice."""
    topic = sns.Topic(TOPIC, TopicName=names.notices_topic, DisplayName=names.prefix, Tags=tags(names))
    admitted = sns.TopicPolicy(
        "NoticesTopicPolicy",
        Topics=[Ref(topic)],
        PolicyDocument=policy(admit_publishers(names, topic=Ref(TOPIC))),
    )
    return [topic, admitted]


_WHO = "<who>"
_EVENT = "Event <event>"


def _chat(bold: str) -> str:
    """A custom notification; https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html#event-schema."""
    return json.dumps(
        {
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": "<title>",
                "description": f"<text>\n{bold}By{bold} {_WHO}\n{_EVENT}",
            },
            "metadata": {"summary": "<title>"},
        }
    )


TEMPLATES: Mapping[Format, str] = {
    "text": json.dumps(f"<title>. <text> By {_WHO}. {_EVENT}."),
    "slack": _chat("*"),
    "teams": _chat("**"),
}
"""What a target gets; each is JSON with the placeholders filled in."""
