"""SQS as other services use it: what EventBridge and Lambda send to queues, if the queue lets them.

moto's SQS serves callers well enough; it never asks a queue's policy, which is what decides here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue, sqs_backends
from moto.utilities.arns import parse_arn

Policy = Mapping[str, Any]


class NotSent(Exception):  # noqa: N818 - a fact for the sending service, which decides what becomes of it
    """The message did not get into the queue; `code` is EventBridge's for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def find_queue(arn: str) -> Queue | None:
    """The queue behind an ARN, if there is one."""
    parsed = parse_arn(arn)
    queue: Queue | None = sqs_backends[parsed.account][parsed.region].queues.get(parsed.resource_id)
    return queue


def policy_of(queue: Queue) -> Policy | None:
    """The queue's policy, None without one."""
    text = queue.policy
    return json.loads(text) if text else None


def send(
    arn: str,
    body: str,
    *,
    admitted: Callable[[Policy | None], bool],
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    group_id: str | None = None,
) -> None:
    """Put a message into a queue on behalf of a service; raises NotSent. `admitted` judges the queue's policy."""
    queue = find_queue(arn)
    if queue is None:
        raise NotSent("NO_RESOURCE", f"The specified queue does not exist: {arn}")
    if not admitted(policy_of(queue)):
        raise NotSent("NO_PERMISSIONS", f"Access to the resource {arn} is denied.")
    backend = sqs_backends[queue.account_id][queue.region]
    try:
        backend.send_message(queue.name, body, message_attributes=dict(attributes or {}), group_id=group_id)
    except SQSException as refused:
        raise NotSent("INVALID_PARAMETER", str(refused.message)) from refused


def text_attributes(**values: str) -> dict[str, dict[str, str]]:
    """Message attributes of type String, as SQS wants them."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}
