"""Sessions and clients for the central account, the member under test, and the management account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from acceptance.errors import SetupError
from deployer.aws.session import Session
from deployer.local_endpoint import is_loopback

Side = Literal["central", "member", "management"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The accounts, OU and regions of a run. `ou` contains only the member under test."""

    organization_id: str
    central_account: str
    member_account: str
    ou: str
    ou_path: str
    region: str
    second_region: str | None = None
    suspended_account: str | None = None
    suspended_ou: str | None = None
    names: tuple[str, ...] = ()
    """Names of all accounts and OUs, which the report omits."""
    is_management: bool = False
    """Whether the central account is the management account."""

    @property
    def regions(self) -> tuple[str, ...]:
        return (self.region, self.second_region) if self.second_region else (self.region,)


@dataclass(kw_only=True)
class Access:
    """Sessions of the accounts, opened when they are needed first."""

    openers: Mapping[str, Callable[[], Session]]
    expiring: frozenset[str] = frozenset()
    """Sides whose sessions expire after an hour: those of an assumed role. Sessions of a profile refresh themselves."""
    _sessions: dict[str, Session] = field(default_factory=dict)

    def has(self, side: Side) -> bool:
        """Whether there are credentials of an account."""
        return side in self.openers

    def session(self, side: Side) -> Session:
        """The session of an account."""
        if side not in self.openers:
            raise SetupError(f"No credentials for the {side} account")
        if side not in self._sessions:
            self._sessions[side] = self.openers[side]()
        return self._sessions[side]

    def client(self, side: Side, service: str, region: str) -> Any:
        """A client in an account and region."""
        session: Any = self.session(side)
        return session.client(service, region=region)

    @property
    def is_sandbox(self) -> bool:
        """Whether calls go to a sandbox on this machine instead of AWS."""
        client: Any = self.session("central").client("sts")
        return is_loopback(client.meta.endpoint_url)

    def renew(self) -> None:
        """Open expiring sessions again when they are next needed."""
        for side in self.expiring:
            self._sessions.pop(side, None)
