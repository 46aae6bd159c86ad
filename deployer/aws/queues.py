"""SQS queues of any account that grants access. Implements `deployer.failures.redriving.Queues`.

Messages are received by long polling, which queries all of SQS's servers: a short poll may miss existing messages
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import NotFoundError
from deployer.failures.messages import Message, Queue
from deployer.failures.redriving import Depth

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef, MessageTypeDef

LONG_POLL_SECONDS = 1
_PER_CALL = 10
"""Quota of ReceiveMessage and of batches."""
_VISIBLE: Final = "ApproximateNumberOfMessages"
_HELD: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_NUMBER = re.compile(r"[0-9]{1,13}", re.ASCII)
_MISSING = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


class SqsQueues:
    """The queues that one session can access. Clients are created beforehand: creating them is not thread-safe."""

    def __init__(self, session: Session, regions: Iterable[str], *, wait_seconds: int = LONG_POLL_SECONDS) -> None:
        self._clients: Mapping[str, SQSClient] = {
            region: session.client("sqs", region=region) for region in sorted(set(regions))
        }
        self._wait_seconds = wait_seconds
        self._urls: dict[Queue, str] = {}
        self._lock = Lock()

    def depth(self, queue: Queue) -> Depth:
        """The approximate number of messages; SQS's own numbers may be a minute old."""
        url = self._url(queue)
        with translated(_location(queue)):
            answer = self._client(queue).get_queue_attributes(QueueUrl=url, AttributeNames=[_VISIBLE, *_HELD])
        found = answer["Attributes"]
        return Depth(visible=int(found[_VISIBLE]), held=sum(int(found[name]) for name in _HELD))

    def receive(self, queue: Queue, *, hold_seconds: int) -> Sequence[Message]:
        """The next visible messages, hidden from others for this long."""
        url = self._url(queue)
        with translated(_location(queue)):
            answer = self._client(queue).receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_PER_CALL,
                WaitTimeSeconds=self._wait_seconds,
                VisibilityTimeout=hold_seconds,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        return [message_of(found) for found in answer.get("Messages", [])]

    def hold(self, queue: Queue, messages: Sequence[Message], *, seconds: int) -> frozenset[str]:
        """Hide messages for this long from now on; those that SQS refuses are no longer ours."""
        url = self._url(queue)
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds}
            for number, message in enumerate(messages)
        ]
        with translated(_location(queue)):
            answer = self._client(queue).change_message_visibility_batch(QueueUrl=url, Entries=entries)
        return frozenset(messages[int(one["Id"])].id for one in answer.get("Successful", []))

    def delete(self, queue: Queue, message: Message) -> None:
        """Delete a message; does nothing if it does not exist."""
        url = self._url(queue)
        with translated(_location(queue)):
            self._client(queue).delete_message(QueueUrl=url, ReceiptHandle=message.receipt)

    def _client(self, queue: Queue) -> SQSClient:
        return self._clients[queue.region]

    def _url(self, queue: Queue) -> str:
        """The queue's URL as SQS returns it; read once. Raises NotFoundError if we can access no such queue."""
        with self._lock:
            known = self._urls.get(queue)
        if known is not None:
            return known
        with translated(_location(queue)):
            try:
                url = self._client(queue).get_queue_url(QueueName=queue.name, QueueOwnerAWSAccountId=queue.account)[
                    "QueueUrl"
                ]
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise
                raise NotFoundError(
                    f"Queue {queue.name} in {_location(queue)} does not exist or does not admit the caller",
                    next_step="`deployer rollout --org` creates it.",
                ) from error
        with self._lock:
            self._urls[queue] = url
        return url


def _location(queue: Queue) -> str:
    return f"{queue.account} {queue.region}"


def message_of(found: MessageTypeDef) -> Message:
    """A message of SQS's response, whoever sent it; attributes that are not text are omitted."""
    system = found.get("Attributes", {})
    return Message(
        id=found["MessageId"],
        receipt=found["ReceiptHandle"],
        body=found["Body"],
        attributes={
            name: value["StringValue"]
            for name, value in found.get("MessageAttributes", {}).items()
            if "StringValue" in value
        },
        sent=datetime.fromtimestamp(_number(system.get("SentTimestamp"), otherwise=0) / 1000, UTC),
        receives=_number(system.get("ApproximateReceiveCount"), otherwise=1),
    )


def _number(text: object, *, otherwise: int) -> int:
    """A count or a time in milliseconds, up to the year 2286; else the other number."""
    return int(text) if isinstance(text, str) and _NUMBER.fullmatch(text) else otherwise
