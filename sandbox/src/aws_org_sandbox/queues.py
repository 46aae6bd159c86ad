"""SQS for other services and accounts: sends and receives messages if the queue's policy allows it.

moto's SQS is sufficient for callers of the queue's own account. It never evaluates a queue's policy, as is done
here, and it treats every queue as one of the caller's account, ignoring the URL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.sqs.exceptions import ReceiptHandleIsInvalid, SQSException
from moto.sqs.models import Queue, SQSBackend, sqs_backends
from moto.utilities.arns import parse_arn

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.iam import documents
from aws_org_sandbox.seams import original, redirects, replace

Policy = Mapping[str, Any]

OWN_ACCOUNT_ONLY = frozenset(
    {
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
)
"""Actions that no queue policy can grant to another account;
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-access-policy-language-api-permissions-reference.html."""


@redirects("sqs")
def owner_of(call: Call) -> str:
    """The account of the queue that a call names; the queue's policy has already been evaluated."""
    url = str(call.parameters.get("QueueUrl") or "")
    parts = urlsplit(url).path.strip("/").split("/")
    named = parts[-2] if len(parts) > 1 else str(call.parameters.get("QueueOwnerAWSAccountId") or call.account)
    if named != call.account and call.operation in OWN_ACCOUNT_ONLY:
        raise Refused("AccessDenied", f"Access to the resource {url} is denied.", status=403)
    return named


_RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""


@replace(Queue, "_set_attributes")
def _set_attributes(queue: Queue, attributes: Mapping[str, Any], now: float | None = None) -> None:
    """Refuse what SQS refuses, and keep the policy if the request omits it; moto drops it."""
    for name, value in attributes.items():
        if not _is_valid(name, value):
            raise Refused("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    policy = queue.policy if hasattr(queue, "_policy_json") else None  # which a queue in creation does not have yet
    kept = {"Policy": policy} if policy and "Policy" not in attributes else {}
    original(Queue, "_set_attributes")(queue, {**attributes, **kept}, now)


def _is_valid(name: str, value: Any) -> bool:
    if name == "Policy":
        return not value or documents.policy_error(value, about=lambda _: True, service="sqs") is None
    lowest, highest = _RANGES.get(name, (None, None))
    return lowest is None or highest is None or (str(value).isdigit() and lowest <= int(value) <= highest)


class _NotInFlight(ReceiptHandleIsInvalid):
    """A subclass of moto's error for an invalid receipt, which batches report for each entry."""

    def __init__(self) -> None:
        SQSException.__init__(self, "MessageNotInflight", "The specified message isn't in flight.")


@replace(SQSBackend, "change_message_visibility")
def _change_message_visibility(
    backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
) -> None:
    """Refuse it for a message that is no longer in flight; moto hides it again, as if the caller had received it."""
    for message in list(backend.get_queue(queue_name)._messages):
        if message.had_receipt_handle(receipt_handle) and message.visible:
            raise _NotInFlight
    original(SQSBackend, "change_message_visibility")(backend, queue_name, receipt_handle, visibility_timeout)


def find_queue(arn: str) -> Queue | None:
    """The queue with an ARN, if it exists."""
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
    """Put a message into a queue on behalf of a service; raises Refused. `admitted` evaluates the queue's policy."""
    queue = find_queue(arn)
    if queue is None:
        raise Refused("AWS.SimpleQueueService.NonExistentQueue", f"The specified queue does not exist: {arn}")
    if not admitted(policy_of(queue)):
        raise Refused("AccessDenied", f"Access to the resource {arn} is denied.", status=403)
    backend = sqs_backends[queue.account_id][queue.region]
    try:
        backend.send_message(queue.name, body, message_attributes=dict(attributes or {}), group_id=group_id)
    except SQSException as refused:
        raise Refused("InvalidParameterValue", str(refused.message)) from refused


def text_attributes(**values: str) -> dict[str, dict[str, str]]:
    """Message attributes of type String, as SQS requires; empty values are omitted."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}
