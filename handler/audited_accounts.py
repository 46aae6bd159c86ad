"""Accounts through their auditor roles, which the watch assumes. Implements the Protocols of `handler.inspection`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from handler import resource_reading
from handler.aws_errors import code_of
from handler.clients import Client, Clients, Credentials
from handler.deployed_resources import Resource
from handler.inspection import ReadDeniedError, ReadError
from handler.resource_comparison import Reading

SESSION_NAME = "deployer-watch"
"""CloudTrail of the member account shows it."""
_DENIED = {"AccessDenied", "AccessDeniedException"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedAccounts:
    """The accounts."""

    clients: Clients
    role_name: str

    def open(self, account: str) -> AuditedAccount:
        """Assume the auditor role of an account."""
        with _reading():
            found = self.clients.own("sts").assume_role(
                RoleArn=f"arn:{self.clients.partition}:iam::{account}:role/{self.role_name}",
                RoleSessionName=SESSION_NAME,
            )["Credentials"]
        credentials = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return AuditedAccount(clients=self.clients, credentials=credentials)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedAccount:
    """One account."""

    clients: Clients
    credentials: Credentials

    def stack_exists(self, stack_id: str, *, region: str) -> bool:
        with _reading():
            return resource_reading.stack_exists(lambda service: self._client(service, region), stack_id)

    def read(self, resource: Resource, *, region: str) -> Reading | None:
        with _reading():
            return resource_reading.read(lambda service: self._client(service, region), resource, region=region)

    def waiting(self, queue: Resource, *, region: str) -> int:
        """Not counted here: the watch counts the messages of all queues in every run."""
        del queue, region
        return 0

    def _client(self, service: str, region: str) -> Client:
        return self.clients.of(service, region=region, credentials=self.credentials)


@contextmanager
def _reading() -> Iterator[None]:
    """Raise what an inspection expects; botocore has retried throttled calls by then."""
    try:
        yield
    except ClientError as error:
        kind = ReadDeniedError if code_of(error) in _DENIED else ReadError
        raise kind(f"{error.operation_name}: {error.response['Error'].get('Message') or code_of(error)}") from error
    except (BotoCoreError, LookupError, ValueError) as error:
        raise ReadError(type(error).__name__) from error
