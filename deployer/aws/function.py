"""Invokes the handler with events, and reads which code runs. Implements `deployer.failures.redriving.Function` and
`deployer.rollout.cloud.Functions`.

PutEvents takes no event whose source is an AWS service, so an event goes back by an asynchronous invocation, as
EventBridge itself does: Lambda stores the event before it responds, retries it twice, and then sends it to the failures
queue. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import ServiceError
from handler.json_values import JsonValue
from handler.text import clean, short_json

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ACCEPTED = 202


class HandlerFunction:
    """The function by its name, in the region that the client is for."""

    def __init__(self, client: LambdaClient, *, name: str) -> None:
        self._client = client
        self._name = name

    @classmethod
    def connect(cls, session: Session, *, name: str) -> Self:
        """The function in the session's region, as its principal."""
        return cls(session.client("lambda"), name=name)

    def invoke(self, event: object) -> None:
        """Queue an event for the handler; raises DeployerError unless Lambda accepts it."""
        payload = short_json(event).encode()
        with translated():
            answer = self._client.invoke(FunctionName=self._name, InvocationType="Event", Payload=payload)
        if answer["StatusCode"] != ACCEPTED:
            raise ServiceError(f"Lambda answered an event with status {answer['StatusCode']} instead of {ACCEPTED}")

    def ask(self, event: object) -> Mapping[str, JsonValue]:
        """The handler's response to an event; raises DeployerError if it raised an error or Lambda refuses the call."""
        with translated():
            answer = self._client.invoke(FunctionName=self._name, Payload=short_json(event).encode())
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise ServiceError(f"The handler could not answer: {_message_in(payload)}")
        found = json.loads(payload)
        return found if isinstance(found, Mapping) else {}


def _message_in(payload: bytes) -> str:
    """The message of an error that a function raised, without its traceback; the payload itself if it has none.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    text = payload.decode(errors="replace")
    try:
        message = json.loads(text)["errorMessage"]
    except (ValueError, LookupError, TypeError):
        message = text
    return clean(str(message), limit=300)


class LambdaFunctions:
    """Functions by name, in the region that the client is for. Implements `deployer.rollout.cloud.Functions`."""

    def __init__(self, client: LambdaClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, session: Session, *, region: str) -> Self:
        """Functions of the session's account in a region."""
        return cls(session.client("lambda", region=region))

    def code_digest(self, name: str) -> str | None:
        """The SHA-256 of a function's zip in hex; None if there is no such function."""
        with translated():
            try:
                found = self._client.get_function_configuration(FunctionName=name)["CodeSha256"]
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                return None
        return base64.b64decode(found).hex()
