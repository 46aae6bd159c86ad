"""The organization as one frozen value: accounts, OUs and their paths. Pure: reading it from AWS is `deployer.aws.organizations`.

It is also the snapshot file that `deployer organization snapshot` writes: JSON, stable order, fit for git.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from deployer.errors import ConfigurationError

SNAPSHOT_VERSION = 1

ACTIVE = "ACTIVE"
"""`State` of an account that StackSets deploy to; PENDING_ACTIVATION, SUSPENDED, PENDING_CLOSURE and CLOSED are skipped."""


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


@dataclass(frozen=True, kw_only=True)
class Organization:
    """Accounts and OUs by id. `ous` includes the root."""

    id: str
    management_account_id: str
    ous: Mapping[str, OrganizationalUnit] = field(repr=False)
    accounts: Mapping[str, Account] = field(repr=False)

    @cached_property
    def root(self) -> OrganizationalUnit:
        return next(ou for ou in self.ous.values() if ou.parent_id is None)

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

    def children(self, ou_id: str) -> tuple[OrganizationalUnit, ...]:
        """OUs directly below, by name."""
        below = [ou for ou in self.ous.values() if ou.parent_id == ou_id]
        return tuple(sorted(below, key=lambda ou: (ou.name, ou.id)))

    def accounts_in(self, ou_id: str) -> tuple[Account, ...]:
        """Accounts directly in an OU, by id."""
        inside = [account for account in self.accounts.values() if account.parent_id == ou_id]
        return tuple(sorted(inside, key=lambda account: account.id))

    def accounts_below(self, ou_id: str) -> Iterator[Account]:
        """Accounts in an OU and in all OUs below it."""
        yield from self.accounts_in(ou_id)
        for child in self.children(ou_id):
            yield from self.accounts_below(child.id)

    def to_json(self) -> str:
        """The snapshot file: two organizations that are equal give the same bytes."""
        document = {
            "version": SNAPSHOT_VERSION,
            "id": self.id,
            "management_account_id": self.management_account_id,
            "ous": [
                {"id": ou.id, "name": ou.name, "parent_id": ou.parent_id}
                for ou in sorted(self.ous.values(), key=lambda ou: ou.id)
            ],
            "accounts": [
                {"id": account.id, "name": account.name, "parent_id": account.parent_id, "state": account.state}
                for account in sorted(self.accounts.values(), key=lambda account: account.id)
            ],
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, source: str = "snapshot") -> Organization:
        """Read a snapshot; raises ConfigurationError naming `source` when it is not one."""
        try:
            document: dict[str, Any] = json.loads(text)
            if document["version"] != SNAPSHOT_VERSION:
                raise ConfigurationError(
                    f"{source}: version {document['version']} of the organization snapshot is not known",
                    next_step="Write it again with `deployer organization snapshot`.",
                )
            return cls(
                id=document["id"],
                management_account_id=document["management_account_id"],
                ous={ou["id"]: OrganizationalUnit(**ou) for ou in document["ous"]},
                accounts={account["id"]: Account(**account) for account in document["accounts"]},
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{source}: not an organization snapshot ({error})",
                next_step="Write it with `deployer organization snapshot`.",
            ) from error
