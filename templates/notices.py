"""Notices for people: a rule that publishes the handler's notices to an SNS topic, and the topic if configured.

Amazon Q Developer in chat applications forwards custom notifications of a topic to Slack and Teams
(https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html). EventBridge fills in the templates without
escaping, so the handler builds `message` from characters without a special meaning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from troposphere import AWSObject, GetAtt, Ref, events, iam, sns

from handler.notices import DETAIL_TYPE, SOURCE
from templates import trust
from templates.names import Names
from templates.parts import dead_letters, retry_policy, role, tags
from templates.policies import publish_notices
from templates.policy_documents import policy
from templates.queues import dead_letter_queue
from templates.resource_policies import admit_publishers

QUEUE = "NoticesDeadLetterQueue"
ROLE = "NoticesRole"
RULE = "NoticesRule"
TOPIC = "NoticesTopic"
CREATE = "create"

Format = Literal["text", "slack", "teams"]
Outcome = Literal["created", "refused", "failed", "violation", "observed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """Messages about decisions for people, in addition to the notices on the central event bus."""

    topic: str = field(
        metadata={
            "doc": "SNS topic in the central account and region, not encrypted with an AWS managed key; or `create`.",
            "example": CREATE,
        }
    )
    format: Format = field(
        default="text",
        metadata={"doc": "`slack` and `teams` are for Amazon Q Developer in chat applications.", "example": "slack"},
    )
    outcomes: tuple[Outcome, ...] = field(
        default=("created", "refused", "failed", "violation"),
        metadata={
            "doc": "Outcomes that cause a message.",
            "example": ["refused", "failed"],
        },
    )


def notices(names: Names, notifications: Notifications | None, *, bus: str) -> list[AWSObject]:
    """The rule on the bus (a logical id), its role and dead-letter queue, and the topic if `deployer` creates it."""
    if notifications is None:
        return []
    created = _topic(names) if notifications.topic == CREATE else []
    topic = Ref(TOPIC) if created else notifications.topic
    queue = dead_letter_queue(
        QUEUE, queue_name=names.notices_dead_letter_queue, names=names, rule_arn=GetAtt(RULE, "Arn")
    )
    return [*created, *queue, _role(names, topic=topic), _rule(names, notifications, bus=bus, topic=topic)]


def pattern(notifications: Notifications) -> dict[str, object]:
    """The handler's notices of the configured outcomes."""
    return {
        "source": [SOURCE],
        "detail-type": [DETAIL_TYPE],
        "detail": {"outcome": sorted(set(notifications.outcomes))},
    }


def _role(names: Names, *, topic: object) -> iam.Role:
    """EventBridge publishes with a role (A21), because a topic's policy cannot restrict access to one rule."""
    return role(
        ROLE,
        names,
        name=names.notices_role,
        description="Allows EventBridge to publish notices of decisions to the topic",
        trusted=trust.notices_rule(names),
        purpose="publish-notices",
        allowed=[publish_notices(topic)],
    )


def _rule(names: Names, notifications: Notifications, *, bus: str, topic: object) -> events.Rule:
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
            InputTemplate=TEMPLATES[notifications.format],
        ),
        RetryPolicy=retry_policy(),
        DeadLetterConfig=dead_letters(QUEUE),
    )
    return events.Rule(
        RULE,
        Name=names.notices_rule,
        Description="Publishes notices of decisions to the topic",
        EventBusName=Ref(bus),
        EventPattern=pattern(notifications),
        State="ENABLED",
        Targets=[target],
        Tags=tags(names),
    )


def _topic(names: Names) -> list[AWSObject]:
    """Not encrypted: notices contain no secrets, and a key would have to allow the role."""
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
"""Input templates of the target; each is JSON after the placeholders are filled in."""
