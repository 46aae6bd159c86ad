"""Resources of accounts, through the auditor role, read-only. Implements the Protocols of `handler.inspection`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deployer.aws.errors import translated
from deployer.aws.members import Members
from deployer.errors import DeployerError, PermissionDeniedError
from handler import resource_reading
from handler.clients import Client
from handler.deployed_resources import Resource
from handler.inspection import ReadDeniedError, ReadError
from handler.resource_comparison import Reading


class MemberResources:
    """The accounts."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def open(self, account: str) -> MemberAccount:
        """One account; raises ReadDeniedError if its auditor role cannot be assumed."""
        with reading(f"account {account}"):
            self._members.assume(account)
        return MemberAccount(self._members, account)


class MemberAccount:
    """One account, for one inspection by one thread: each of its clients keeps one connection to AWS."""

    def __init__(self, members: Members, account: str) -> None:
        self._members = members
        self._account = account
        self._clients: dict[tuple[str, str], Client] = {}

    def stack_exists(self, stack_id: str, *, region: str) -> bool:
        with reading(self._location(region)):
            return resource_reading.stack_exists(lambda service: self._client(service, region), stack_id)

    def read(self, resource: Resource, *, region: str) -> Reading | None:
        with reading(self._location(region)):
            return resource_reading.read(lambda service: self._client(service, region), resource, region=region)

    def waiting(self, queue: Resource, *, region: str) -> int:
        with reading(self._location(region)):
            return resource_reading.waiting_messages(lambda service: self._client(service, region), queue)

    def _client(self, service: str, region: str) -> Client:
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = self._members.client(service, self._account, region)
        return self._clients[key]

    def _location(self, region: str) -> str:
        return f"account {self._account}, {region}"


@contextmanager
def reading(location: str) -> Iterator[None]:
    """Raise what an inspection expects; `location` names the account and region."""
    try:
        with translated(location):
            yield
    except PermissionDeniedError as error:
        raise ReadDeniedError(error.message) from error
    except DeployerError as error:
        raise ReadError(error.message) from error
