from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from handler.failures import FailuresQueue
from tests.handler.events import load


class FakeSqs:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - AWS's names
        self.sent.append((QueueUrl, json.loads(MessageBody)))


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
