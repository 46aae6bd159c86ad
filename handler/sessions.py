"""Assumes the creator role of a member account, once for each account and lifetime of the credentials.

Calls go to the STS endpoint of the function's region: credentials of the global endpoint do not work in opt-in regions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from handler import reasons
from handler.aws_errors import translate_errors
from handler.clients import Credentials
from handler.concurrency import CachedValue, SingleFlight

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

_MAX_SESSION_NAME_LENGTH = 64
_MARGIN = timedelta(minutes=5)
"""Credentials are renewed this long before they expire; handling one event takes far less time."""


class Sessions:
    """Credentials of the creator role in each account."""

    def __init__(self, client: STSClient, *, partition: str, role_name: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._partition = partition
        self._role_name = role_name
        self._cache = SingleFlight[str, Credentials](clock=clock)

    def start(self, account: str, *, event_id: str) -> Callable[[], Credentials]:
        """Start to assume the role; the returned function waits for it. The session is named after the event."""
        return self._cache.start(account, lambda: self._assume(account, event_id))

    def forget(self, account: str) -> None:
        """Assume the role again for the next event, because AWS refused the credentials."""
        self._cache.forget(account)

    def _assume(self, account: str, event_id: str) -> CachedValue[Credentials]:
        with translate_errors("AssumeRole", location=account, denied=reasons.ROLE_NOT_ASSUMABLE):
            response = self._client.assume_role(
                RoleArn=f"arn:{self._partition}:iam::{account}:role/{self._role_name}",
                RoleSessionName=f"deployer-{event_id}"[:_MAX_SESSION_NAME_LENGTH],
            )["Credentials"]
        credentials = Credentials(response["AccessKeyId"], response["SecretAccessKey"], response["SessionToken"])
        return CachedValue(credentials, response["Expiration"] - _MARGIN)
