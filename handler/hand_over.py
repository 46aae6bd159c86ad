"""Hands an event over to an asynchronous invocation of the handler itself.

Lambda keeps the event for up to six hours, retries it, and sends it to the failures queue in the end. The copy of the
event hands nothing over, so this is one hop; Lambda's detection of recursive loops stops a chain after about 16.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handler.text import short_json

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Itself:
    """The function that this code runs in; its client is created for the first request."""

    def __init__(self, client: Callable[[], LambdaClient], *, function: str) -> None:
        self._client = client
        self._function = function

    def hand_over(self, event: object) -> None:
        """Return once Lambda has stored the event; raises the error of the call."""
        self._client().invoke(FunctionName=self._function, InvocationType="Event", Payload=short_json(event).encode())


class Once:
    """A call that is made until it succeeds, and then not again."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._is_done = False

    def __call__(self) -> None:
        """Make the call unless it has succeeded; raises its error."""
        if not self._is_done:
            self._call()
            self._is_done = True
