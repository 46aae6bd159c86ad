"""The failures queue: events that cannot succeed until a person has fixed the cause.

Messages have the format of Lambda's on-failure destination, so that one reader and one redrive handle both.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from handler.text import short_json

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CONDITION = "PermanentFailure"
"""Value of `condition`, for which Lambda itself uses RetriesExhausted or EventAgeExceeded."""


class FailuresQueue:
    """The queue; its client is created for the first message."""

    def __init__(self, client: Callable[[], SQSClient], *, queue_url: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._queue_url = queue_url
        self._clock = clock

    def send(self, event: object, *, request_id: str, reason: str, detail: str) -> None:
        """Send an event with the reason for its failure; a redrive runs the handler on `requestPayload` again."""
        message = {
            "version": "1.0",
            "timestamp": f"{self._clock():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "requestContext": {
                "requestId": request_id,
                "condition": CONDITION,
                "approximateInvokeCount": 1,
            },
            "requestPayload": event,
            "responsePayload": {"errorType": reason, "errorMessage": detail},
        }
        self._client().send_message(QueueUrl=self._queue_url, MessageBody=short_json(message))
