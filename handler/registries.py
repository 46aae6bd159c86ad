"""Access to the registry of an event with the creator role of its account.

Assuming the role needs only the account, so it can start before the decision. The client is created after the decision
to create the repository, so a region that is not in the settings never becomes a host name.
"""

from __future__ import annotations

from collections.abc import Callable

from handler.adoption_requests import AdoptionRequest
from handler.clients import Clients
from handler.events import FailedCall
from handler.observed_calls import ObservedCall
from handler.repositories import Registry, Repositories
from handler.sessions import Sessions


class Registries:
    """Registries of member accounts."""

    def __init__(self, *, clients: Clients, sessions: Sessions, installation: str) -> None:
        self._clients = clients
        self._installation = installation
        self._sessions = sessions

    def open(self, call: FailedCall | ObservedCall | AdoptionRequest) -> Callable[[], Repositories]:
        """Start to assume the role; the returned function waits and returns the registry, or raises the error."""
        credentials = self._sessions.start(call.account, event_id=call.event_id)
        registry = Registry(account=call.account, region=call.region, partition=self._clients.partition)

        def opened() -> Repositories:
            client = self._clients.of("ecr", region=call.region, credentials=credentials())
            return Repositories(client, registry=registry, installation=self._installation)

        return opened

    def forget(self, account: str) -> None:
        """Assume the role again for the next event of an account."""
        self._sessions.forget(account)
