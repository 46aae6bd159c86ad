"""The organization as one frozen value: accounts, OUs and their paths. `deployer.aws.organizations` reads it from AWS.

It is also the snapshot file that `deployer organization snapshot` writes: JSON, stable order, fit for git.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from deployer.errors import ConfigurationError
from handler.json_values import JsonValue

SNAPSHOT_VERSION = 1

ACTIVE = "ACTIVE"
"""`State` of an account that StackSets deploy to; others (SUSPENDED, PENDING_CLOSURE, CLOSED, …) are skipped."""


def normalized(name: str) -> str:
    """A name or path in Unicode's form NFC, in which names are compared: `ö` can be one character or two."""
    return unicodedata.normalize("NFC", name)


def natural_order(name: str) -> tuple[tuple[str | int, ...], str]:
    """The key by which people sort names: Prod2 before Prod10, and neither capitals nor accents count first."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one)).casefold()
    return tuple(int(part) if index % 2 else part for index, part in enumerate(_NUMBERS.split(plain))), name


_NUMBERS = re.compile(r"([0-9]{1,18})")
_WRITE = "Write it with `deployer organization snapshot`."
_WRITE_AGAIN = "Write it again with `deployer organization snapshot`."


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

    @cached_property
    def ous_by_path(self) -> Mapping[str, tuple[str, ...]]:
        """Ids by normalized path; several for some, since names may hold a `/` or be that of the root."""
        found: dict[str, tuple[str, ...]] = {}
        for ou_id in sorted(self.ous):
            path = normalized(self.path(ou_id))
            found[path] = (*found.get(path, ()), ou_id)
        return found

    def ous_at(self, path: str) -> tuple[str, ...]:
        """Ids of the OUs with a path of names."""
        return self.ous_by_path.get(normalized(path), ())

    def accounts_named(self, name: str) -> tuple[str, ...]:
        """Ids of the accounts with a name."""
        return tuple(one.id for one in self.accounts.values() if normalized(one.name) == normalized(name))

    def children(self, ou_id: str) -> tuple[OrganizationalUnit, ...]:
        """OUs directly below, by name as people sort them."""
        return self._children.get(ou_id, ())

    def accounts_in(self, ou_id: str) -> tuple[Account, ...]:
        """Accounts directly in an OU, by id."""
        return self._accounts_in.get(ou_id, ())

    @cached_property
    def _children(self) -> Mapping[str, tuple[OrganizationalUnit, ...]]:
        below: dict[str, list[OrganizationalUnit]] = {}
        for ou in sorted(self.ous.values(), key=lambda ou: (natural_order(ou.name), ou.id)):
            if ou.parent_id is not None:
                below.setdefault(ou.parent_id, []).append(ou)
        return {parent_id: tuple(ous) for parent_id, ous in below.items()}

    @cached_property
    def _accounts_in(self) -> Mapping[str, tuple[Account, ...]]:
        inside: dict[str, list[Account]] = {}
        for account in sorted(self.accounts.values(), key=lambda account: account.id):
            inside.setdefault(account.parent_id, []).append(account)
        return {parent_id: tuple(accounts) for parent_id, accounts in inside.items()}

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
        """Read a snapshot; raises ConfigurationError naming `source` if it is invalid or inconsistent."""
        try:
            document: JsonValue = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{source}: not an organization snapshot ({error})", next_step=_WRITE) from error
        version = document.get("version", SNAPSHOT_VERSION) if isinstance(document, dict) else SNAPSHOT_VERSION
        if version != SNAPSHOT_VERSION:
            raise ConfigurationError(
                f"{source}: version {version} of the organization snapshot is unknown", next_step=_WRITE_AGAIN
            )
        if problem := next(_problems(document), None):
            raise ConfigurationError(f"{source}: not an organization snapshot ({problem})", next_step=_WRITE)
        organization = cls(
            id=document["id"],
            management_account_id=document["management_account_id"],
            ous={ou["id"]: OrganizationalUnit(**ou) for ou in document["ous"]},
            accounts={account["id"]: Account(**account) for account in document["accounts"]},
        )
        if defect := organization.defect():
            raise ConfigurationError(f"{source}: the snapshot is inconsistent: {defect}", next_step=_WRITE_AGAIN)
        return organization

    def defect(self) -> str | None:
        """The reason why OUs and accounts are not one tree, as in an edited snapshot; None if they are."""
        roots = [ou.id for ou in self.ous.values() if ou.parent_id is None]
        if len(roots) != 1:
            return f"{len(roots)} OUs have no parent; only the root must have none"
        parents = {item.id: item.parent_id for items in (self.ous, self.accounts) for item in items.values()}
        for id_, parent_id in parents.items():
            if parent_id is not None and parent_id not in self.ous:
                return f"the parent {parent_id} of {id_} is missing"
        reached = {roots[0]}
        waiting = [roots[0]]
        while waiting:
            below = [ou.id for ou in self.children(waiting.pop())]
            reached.update(below)
            waiting += below
        lost = sorted(self.ous.keys() - reached)
        return f"{lost[0]} is its own ancestor" if lost else None


_KEYS: Mapping[str, type | None] = {
    "version": None,  # compared before
    "id": str,
    "management_account_id": str,
    "ous": list,
    "accounts": list,
}
_OU_KEYS: Mapping[str, type | None] = {"id": str, "name": str, "parent_id": str}
_ACCOUNT_KEYS: Mapping[str, type | None] = {**_OU_KEYS, "state": str}
_TYPES: Mapping[type, str] = {str: "a string", list: "a list"}


def _problems(document: JsonValue) -> Iterator[str]:
    """What keeps a document from being a snapshot, each with its key, as `ous[3].name`."""
    yield from _key_problems(document, _KEYS, at="")
    for name, keys in (("ous", _OU_KEYS), ("accounts", _ACCOUNT_KEYS)):
        ids: set[str] = set()
        for index, item in enumerate(document[name]):
            at = f"{name}[{index}]"
            yield from _key_problems(item, keys, at=at, optional={"state"}, is_nullable=name == "ous")
            if item["id"] in ids:
                yield f"{at}.id: {_quoted(item['id'])} exists twice"
            ids.add(item["id"])


def _key_problems(
    item: object, keys: Mapping[str, type | None], *, at: str, optional: Collection[str] = (), is_nullable: bool = False
) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{at or 'the document'} is not an object"
        return
    prefix = f"{at}." if at else ""
    for key, type_ in keys.items():
        if key not in item:
            if key not in optional:
                yield f"{prefix}{key} is missing"
        elif (
            type_ and not isinstance(item[key], type_) and not (is_nullable and (key, item[key]) == ("parent_id", None))
        ):
            yield f"{prefix}{key} is not {_TYPES[type_]}"
    for key in item.keys() - keys.keys():
        yield f"unknown key {prefix}{key if key.isprintable() else _quoted(key)}"


def _quoted(text: str) -> str:
    """A value of the file, on one line of a terminal."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
