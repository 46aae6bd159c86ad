"""Queues as SQS counts them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.queues import SqsQueues
from deployer.failures.messages import Queue
from deployer.failures.redriving import Depth

ACCOUNT, REGION = "200000000001", "eu-west-1"


def test_messages_in_flight_and_delayed_messages_count_as_held(sandbox: Sandbox) -> None:
    """A member's administrator may delay a message by 15 minutes, during which nobody receives it."""
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="held")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=900)
    sqs.send_message(QueueUrl=url, MessageBody="visible")
    session: Any = SimpleNamespace(client=lambda service, region: sandbox.client(service, region=region))
    queues = SqsQueues(session, [REGION], wait_seconds=0)
    assert queues.depth(Queue(account=ACCOUNT, region=REGION, name="q")) == Depth(visible=1, held=2)
