"""SNS as other services use it: what is published to a topic, and handed on to queues, if each policy allows it.

moto keeps topics and subscriptions, and hands every message on; it asks neither the topic's policy for EventBridge nor
the policy of a queue that subscribes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.sns.models import Subscription, Topic, sns_backends
from moto.utilities.arns import parse_arn

from deployer.sandbox import iam, queues
from deployer.sandbox.calls import Refused
from deployer.sandbox.seams import original, replace

SERVICE = "sns.amazonaws.com"
MOST_BYTES = 256 * 1024

Policy = Mapping[str, Any]


def find_topic(arn: str) -> Topic | None:
    """The topic behind an ARN, if there is one."""
    parsed = parse_arn(arn)
    topic: Topic | None = sns_backends[parsed.account][parsed.region].topics.get(arn)
    return topic


def policy_of(topic: Topic) -> Policy:
    """The topic's policy; every topic has one."""
    policy: Policy = json.loads(topic.policy)
    return policy


def publish(arn: str, message: str, *, admitted: Callable[[Policy | None], bool]) -> None:
    """Publish on behalf of a service; raises Refused. `admitted` judges the topic's policy."""
    topic = find_topic(arn)
    if topic is None:
        raise Refused("NotFound", "Topic does not exist", status=404)
    if not admitted(policy_of(topic)):
        raise Refused("AuthorizationError", f"{arn} may not be published to", status=403)
    if len(message.encode()) > MOST_BYTES:
        raise Refused("InvalidParameter", "Invalid parameter: Message too long")
    sns_backends[topic.account_id][parse_arn(arn).region].publish(message, arn=arn)


@replace(Subscription, "publish")
def _publish(self: Subscription, message: str, message_id: str, **options: Any) -> None:
    """Hand a message on to a queue only if its policy lets SNS send for this topic; else it is lost, as with SNS."""
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
