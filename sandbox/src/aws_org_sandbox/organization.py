"""The organization as one frozen value: accounts and OUs by id, and how they are nested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from aws_org_sandbox.errors import UnknownAccountError

ACTIVE = "ACTIVE"
"""`State` of an account that StackSets deploy to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationalUnit:
    """An OU, or the root (`parent_id` None)."""

    id: str
    name: str
    parent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A member or the management account; `parent_id` is the OU or root that it is directly in."""

    id: str
    name: str
    parent_id: str
    state: str = ACTIVE

    @property
    def is_active(self) -> bool:
        return self.state == ACTIVE


class OrganizationalUnitLike(Protocol):
    """The attributes of an OU that the sandbox reads."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def parent_id(self) -> str | None: ...


class AccountLike(Protocol):
    """The attributes of an account that the sandbox reads."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def parent_id(self) -> str: ...
    @property
    def state(self) -> str: ...


class OrganizationLike(Protocol):
    """The attributes of an organization that the sandbox reads: of its own class or a similar one."""

    @property
    def id(self) -> str: ...
    @property
    def management_account_id(self) -> str: ...
    @property
    def ous(self) -> Mapping[str, OrganizationalUnitLike]: ...
    @property
    def accounts(self) -> Mapping[str, AccountLike]: ...


@dataclass(frozen=True, kw_only=True)
class Organization:
    """Accounts and OUs by id. `ous` includes the root."""

    id: str
    management_account_id: str
    ous: Mapping[str, OrganizationalUnit] = field(repr=False)
    accounts: Mapping[str, Account] = field(repr=False)

    @classmethod
    def of(cls, other: OrganizationLike) -> Organization:
        """The same organization as a value of this class."""
        return cls(
            id=other.id,
            management_account_id=other.management_account_id,
            ous={
                id_: OrganizationalUnit(id=ou.id, name=ou.name, parent_id=ou.parent_id) for id_, ou in other.ous.items()
            },
            accounts={
                id_: Account(id=one.id, name=one.name, parent_id=one.parent_id, state=one.state)
                for id_, one in other.accounts.items()
            },
        )

    @cached_property
    def root(self) -> OrganizationalUnit:
        return next(ou for ou in self.ous.values() if ou.parent_id is None)

    def require_account(self, account_id: str) -> None:
        """Raise UnknownAccountError for an account that the organization does not have."""
        if account_id in self.accounts:
            return
        named = [account.id for account in self.accounts.values() if account.name == account_id]
        hint = f"; {' and '.join(named)} {'has' if len(named) == 1 else 'have'} that name" if named else ""
        raise UnknownAccountError(
            f"the organization {self.id} has no account {account_id}{hint}",
            next_step="`aws organizations list-accounts` lists its accounts.",
        )

    def chain(self, parent_id: str) -> tuple[str, ...]:
        """Ids from the root down to `parent_id`, both included."""
        ids: list[str] = []
        ou: OrganizationalUnit | None = self.ous[parent_id]
        while ou is not None:
            ids.append(ou.id)
            ou = self.ous[ou.parent_id] if ou.parent_id else None
        return tuple(reversed(ids))

    def account_chain(self, account_id: str) -> tuple[str, ...]:
        """Ids from the root down to the OU that the account is directly in."""
        return self.chain(self.accounts[account_id].parent_id)

    def path(self, ou_id: str) -> str:
        """Path of names, as in `Workloads/Prod`; the root alone is `Root`."""
        names = [self.ous[id_].name for id_ in self.chain(ou_id)]
        return "/".join(names[1:]) or names[0]
