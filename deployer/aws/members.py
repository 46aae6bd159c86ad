"""Roles of member accounts, assumed once for each account for as long as the credentials last, and their clients.

One boto3 session makes all clients, with the credentials given to each: a session of its own would cost every account
66 ms. Retries are adaptive: a client that is throttled reduces its rate by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as ClientConfig

from deployer.aws.errors import translated
from deployer.aws.session import ATTEMPTS, Session
from deployer.clock import Clock
from deployer.errors import PermissionDeniedError
from handler.clients import Client, Credentials
from handler.concurrency import CachedValue, SingleFlight

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_kms import KMSClient

_MARGIN = timedelta(minutes=5)
_CONFIG = ClientConfig(
    retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="deployer",
)


class Members:
    """One role of the access StackSet, in whichever account; `role_arn` gives its ARN there.

    Its sessions have the caller's own name, unless another is given.
    """

    def __init__(
        self, session: Session, *, role_arn: Callable[[str], str], clock: Clock, session_name: str | None = None
    ) -> None:
        self._sts = session.client("sts")
        self._session_name = session_name or session.identity.session_name
        self._role_arn = role_arn
        self._boto = boto3.Session(region_name=session.region)
        self._lock = RLock()
        self._credentials = SingleFlight[str, Credentials](clock=clock.now)

    def ecr(self, account: str, region: str) -> ECRClient:
        """ECR of an account and region, as the role; raises PermissionDeniedError if the role cannot be assumed."""
        client: ECRClient = self.client("ecr", account, region)
        return client

    def assume(self, account: str) -> None:
        """Raise PermissionDeniedError if the role of an account cannot be assumed."""
        self._credentials.get(account, lambda: self._assume(account))

    def key_arn(self, account: str, region: str, key: str) -> str:
        """ARN of the key that an alias refers to, as the role reads it."""
        with translated(f"account {account}, {region}"):
            kms: KMSClient = self.client("kms", account, region)
            return kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]

    def client(self, service: str, account: str, region: str) -> Client:
        """A service's client, as the role; raises PermissionDeniedError if the role cannot be assumed."""
        credentials = self._credentials.get(account, lambda: self._assume(account))
        with self._lock, translated(f"account {account}, {region}"):
            create: Callable[..., Client] = self._boto.client
            return create(
                service,
                region_name=region,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=credentials.session_token,
                config=_CONFIG,
            )

    def _assume(self, account: str) -> CachedValue[Credentials]:
        role = self._role_arn(account)
        try:
            with translated(f"account {account}"):
                assumed = self._sts.assume_role(RoleArn=role, RoleSessionName=self._session_name)["Credentials"]
        except PermissionDeniedError as error:
            raise PermissionDeniedError(
                f"{role} cannot be assumed",
                next_step="Allow the caller sts:AssumeRole on it. `deployer rollout --org` creates the role.",
            ) from error
        credentials = Credentials(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
        return CachedValue(credentials, assumed["Expiration"] - _MARGIN)
