"""The registry that an event is about, opened with the creator role of its account.

Opening takes on the role, which needs the account only, so it may begin before the decision. The client is made when
the decision to create has been taken, so a region that is not in the settings never becomes a host name.
"""

from __future__ import annotations

from collections.abc import Callable

from handler.clients import Clients
from handler.events import FailedCall
from handler.repositories import Registry, Repositories
from handler.sessions import Sessions


class Registries:
    """Registries of member accounts."""

    def __init__(self, *, clients: Clients, sessions: Sessions) -> None:
        self._clients = clients
        self._sessions = sessions

    def open(self, call: FailedCall) -> Callable[[], Repositories]:
        """Begin to take on the role; calling what is returned gives the registry, or raises why there is none."""
        credentials = self._sessions.start(call.account, event_id=call.event_id)
        registry = Registry(account=call.account, region=call.region, partition=self._clients.partition)

        def opened() -> Repositories:
            client = self._clients.of("ecr", region=call.region, credentials=credentials())
            return Repositories(client, registry=registry)

        return opened

    def forget(self, account: str) -> None:
        """Take on the role anew for the next event of an account."""
        self._sessions.forget(account)
