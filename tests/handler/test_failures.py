from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from handler.failures import FailuresQueue
from tests.handler.events import load

LARGEST = 1_048_576
"""Bytes that SQS takes as a message, from these characters only.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
ACCEPTED = re.compile("[\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


class FakeSqs:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - AWS's names
        assert ACCEPTED.fullmatch(MessageBody)
        assert len(MessageBody.encode()) <= LARGEST
        self.sent.append((QueueUrl, json.loads(MessageBody)))


def kept(event: Any) -> Any:
    """The event as it is received from the queue."""
    fake: Any = FakeSqs()
    queue = FailuresQueue(lambda: fake, queue_url="https://queue", clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    queue.send(event, request_id="request-1", reason="malformed-event", detail="")
    return fake.sent[0][1]["requestPayload"]


@pytest.mark.parametrize("character", ["\0", "\x7f", "\x85", "\u202e", "\ud800", "\ufffe", "\uffff", "\U0001f4a5"])
def test_every_character_is_preserved(character: str) -> None:
    event = {character: f"a{character}b"}
    assert kept(event) == event


def test_an_event_in_another_script_does_not_grow() -> None:
    event = {"detail": "\u5b57" * 330_000}
    assert kept(event) == event


def test_a_message_has_the_form_that_lambda_writes_and_the_whole_event() -> None:
    fake: Any = FakeSqs()
    clock = datetime(2026, 11, 23, 7, 45, 20, 250_000, tzinfo=UTC)
    queue = FailuresQueue(lambda: fake, queue_url="https://queue", clock=lambda: clock)
    queue.send(load(), request_id="request-1", reason="kms-failed", detail="the key is disabled")
    assert fake.sent == [
        (
            "https://queue",
            {
                "version": "1.0",
                "timestamp": "2026-11-23T07:45:20.250Z",
                "requestContext": {
                    "requestId": "request-1",
                    "condition": "PermanentFailure",
                    "approximateInvokeCount": 1,
                },
                "requestPayload": load(),
                "responsePayload": {"errorType": "kms-failed", "errorMessage": "the key is disabled"},
            },
        )
    ]
