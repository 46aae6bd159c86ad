"""SNS as other services use it: messages are published to a topic and forwarded to queues if each policy allows it.

moto keeps topics and subscriptions, and hands every message on; it asks neither the topic's policy for EventBridge nor
the policy of a queue that subscribes, and it takes any text for a policy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.utilities.arns import parse_arn

from aws_org_sandbox import iam, queues
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.iam.documents import INVALID_ACTION, policy_error
from aws_org_sandbox.iam.policies import parse_policy
from aws_org_sandbox.seams import original, replace

SERVICE = "sns.amazonaws.com"
MAX_BYTES = 256 * 1024
ACTIONS_OF_POLICIES = frozenset(
    f"sns:{action}"
    for action in (
        "addpermission", "deletetopic", "gettopicattributes", "listsubscriptionsbytopic", "publish", "receive",
        "removepermission", "settopicattributes", "subscribe",
    )
)  # fmt: skip
"""What a topic's policy may speak of, in small letters: SNS takes no wildcard there."""

Policy = Mapping[str, Any]


def find_topic(arn: str) -> Topic | None:
    """The topic with an ARN, if it exists."""
    parsed = parse_arn(arn)
    topic: Topic | None = sns_backends[parsed.account][parsed.region].topics.get(arn)
    return topic


def policy_of(topic: Topic) -> Policy:
    """The topic's policy; every topic has one."""
    policy: Policy = json.loads(topic.policy)
    return policy


def without_conditions(policy: Policy) -> Policy:
    """A topic's policy as EventBridge is held to it: it supports no Condition there.

    A statement that admits under a condition admits nobody, and one that refuses under a condition refuses everybody.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
    """
    found = policy.get("Statement", [])
    statements = [found] if isinstance(found, Mapping) else found
    kept = [one for one in statements if one["Effect"] == "Deny" or "Condition" not in one]
    return {**policy, "Statement": [{key: one[key] for key in one if key != "Condition"} for one in kept]}


def publish(arn: str, message: str, *, admitted: Callable[[Policy], bool]) -> None:
    """Publish on behalf of a service; raises Refused. `admitted` evaluates the topic's policy."""
    topic = find_topic(arn)
    if topic is None:
        raise Refused("NotFound", "Topic does not exist", status=404)
    if not admitted(policy_of(topic)):
        raise Refused("AuthorizationError", f"{arn} may not be published to", status=403)
    if len(message.encode()) > MAX_BYTES:
        raise Refused("InvalidParameter", "Invalid parameter: Message too long")
    sns_backends[topic.account_id][parse_arn(arn).region].publish(message, arn=arn)


@replace(SNSBackend, "create_topic")
def _create_topic(backend: SNSBackend, name: str, attributes: Mapping[str, str] | None = None, *rest: Any) -> Topic:
    if policy := (attributes or {}).get("Policy"):
        _check_policy(policy)
    topic: Topic = original(SNSBackend, "create_topic")(backend, name, attributes, *rest)
    return topic


@replace(SNSBackend, "set_topic_attribute")
def _set_topic_attribute(backend: SNSBackend, topic_arn: str, name: str, value: str) -> None:
    backend.get_topic(topic_arn)
    if name == "policy":
        _check_policy(value)
    original(SNSBackend, "set_topic_attribute")(backend, topic_arn, name, value)


def _check_policy(document: str) -> None:
    """Refuse a policy with unknown principals, or with actions that do not apply to topics."""
    found = policy_error(document, about=lambda _: True, service="sns")
    if found == INVALID_ACTION or (found is None and not _is_in_scope(document)):
        found = "Policy statement action out of service scope!"
    if found is not None:
        raise Refused("InvalidParameter", f"Invalid parameter: {found}")


def _is_in_scope(document: str) -> bool:
    actions = {action.lower() for statement in parse_policy(document) for action in statement.actions or ()}
    return actions <= ACTIONS_OF_POLICIES


@replace(Subscription, "publish")
def _publish(self: Subscription, message: str, message_id: str, **options: Any) -> None:
    """Forward a message to a queue only if its policy allows SNS to send for this topic; else it is lost, as in SNS."""
    if self.protocol == "sqs" and not _is_admitted(self):
        return
    original(Subscription, "publish")(self, message, message_id, **options)


def _is_admitted(subscription: Subscription) -> bool:
    arn, topic = str(subscription.endpoint), str(subscription.topic.arn)
    queue = queues.find_queue(arn)
    if queue is None:
        return False
    owner = parse_arn(topic)
    service = iam.Service(principal=SERVICE, source_arn=topic, source_account=owner.account)
    access = iam.Access(action="sqs:SendMessage", resource=arn, region=owner.region)
    return iam.service_admitted(service, access, queues.policy_of(queue))
