"""Invokes the handler with events. Implements `deployer.failures.redriving.Function`.

PutEvents takes no event whose source is an AWS service, so an event goes back by an asynchronous invocation, as
EventBridge itself does: Lambda stores the event before it responds, retries it twice, and then sends it to the failures
queue. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.aws.errors import translated
from deployer.errors import ServiceError
from handler.text import short_json

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ACCEPTED = 202


class HandlerFunction:
    """The function by its name, in the region that the client is for."""

    def __init__(self, client: LambdaClient, *, name: str) -> None:
        self._client = client
        self._name = name

    def invoke(self, event: Any) -> None:
        """Queue an event for the handler; raises DeployerError unless Lambda accepts it."""
        payload = short_json(event).encode()
        with translated():
            answer = self._client.invoke(FunctionName=self._name, InvocationType="Event", Payload=payload)
        if answer["StatusCode"] != ACCEPTED:
            raise ServiceError(f"Lambda answered an event with status {answer['StatusCode']} instead of {ACCEPTED}")
