"""The resources of the central stacks, with the caller's own credentials, read-only.

Implements the Protocols of `handler.inspection` for the one account that the caller is in.
"""

from __future__ import annotations

from deployer.aws import central_readings
from deployer.aws.member_resources import reading
from deployer.aws.session import Session
from handler.clients import Client
from handler.deployed_resources import Resource
from handler.resource_comparison import Reading


class CentralResources:
    """The caller's account."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, account: str) -> CentralResources:
        """The same: no role is assumed."""
        del account
        return self

    def stack_exists(self, stack_id: str, *, region: str) -> bool:
        """Not asked: the stacks were described for the plan."""
        raise NotImplementedError(stack_id, region)

    def read(self, resource: Resource, *, region: str) -> Reading | None:
        with reading(f"central account, {region}"):
            return central_readings.read(lambda service: self._client(service, region), resource, region=region)

    def waiting(self, queue: Resource, *, region: str) -> int:
        """Not counted: a repair deletes no queue."""
        del queue, region
        return 0

    def _client(self, service: str, region: str) -> Client:
        return self._session.client_of(service, region=region)
