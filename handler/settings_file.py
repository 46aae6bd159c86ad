"""`settings.json` in the handler's zip: every layer of every OU, unmerged, and the organization at the last roll-out.

The layers are kept separate so that the right settings apply to an account that has moved, or to an OU created since
the roll-out: the handler merges them along the account's current chain of OUs. `deployer` writes the file; `explain`
and `simulate` read it with this code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from handler.creators import OwnRoles
from handler.json_values import JsonValue
from handler.records import RecordRetention
from handler.settings import Layer, Retention, Settings, build, settings_from

VERSION = 1
FILE_NAME = "settings.json"


class SettingsFileError(Exception):
    """The file is not one that this version of the handler can read."""


class SettingsFile:
    """The parsed file; merged settings are cached by account and chain of OUs."""

    def __init__(self, document: Mapping[str, JsonValue], *, digest: str) -> None:
        if document.get("version") != VERSION:
            raise SettingsFileError(f"{FILE_NAME} has version {document.get('version')!r}, not {VERSION}")
        self.digest = digest
        self.organization_id: str = document["organization"]["id"]
        self.management_account: str = document["organization"].get("management_account", "")
        """Empty if an older version of `deployer` wrote the file."""
        self.installation: str = document.get("installation", "")
        """The prefix; empty if an older version of `deployer` wrote the file."""
        self._ous: Mapping[str, Mapping[str, str | None]] = document["organization"]["ous"]
        self._last_known_accounts: Mapping[str, Mapping[str, str]] = document["organization"]["accounts"]
        self._defaults: Layer = document["defaults"]
        self._ou_layers: Mapping[str, Layer] = document["ous"]
        self._account_layers: Mapping[str, Layer] = document["accounts"]
        self._documents: Mapping[str, str] = document["documents"]
        kept = build(Retention, document.get("retention", {}))
        self.kept = RecordRetention(
            expiring=timedelta(days=kept.expiring_records), refused=_days(kept.refused), observed=_days(kept.observed)
        )
        """How long the ledger keeps records."""
        self.archive_retention = timedelta(days=kept.event_archive)
        """How long an event can be replayed."""
        self.roles = OwnRoles.read(document.get("roles", {}))
        """The roles with which this installation acts in accounts; none if an older version wrote the file."""
        self.notices_of_observed: bool = document.get("notices_of_observed", False)
        """Whether repositories that others created or deleted cause notices."""
        self._settings_for = lru_cache(maxsize=4096)(self._merged)

    @classmethod
    def from_json(cls, data: bytes) -> SettingsFile:
        """Parse the file's bytes; `digest` is their SHA-256, which every ledger record contains."""
        try:
            return cls(json.loads(data), digest=hashlib.sha256(data).hexdigest())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsFileError(f"{FILE_NAME} is invalid: {error!r}") from error

    @classmethod
    def load(cls, path: Path) -> SettingsFile:
        """Read the file from the unpacked zip."""
        return cls.from_json(path.read_bytes())

    def settings_for(self, account_id: str, chain: Sequence[str]) -> Settings:
        """The settings of an account in a chain of OUs, from the root down; an OU without a layer adds nothing."""
        return self._settings_for(account_id, tuple(chain))

    def _merged(self, account_id: str, chain: tuple[str, ...]) -> Settings:
        ous = (self._ou_layers[id_] for id_ in chain if id_ in self._ou_layers)
        return settings_from([self._defaults, *ous, self._account_layers.get(account_id, {})])

    @property
    def exceptions(self) -> frozenset[str]:
        """Accounts with their own settings; all others have the settings of their OU."""
        return frozenset(self._account_layers)

    def last_known_chain(self, account_id: str) -> tuple[str, ...] | None:
        """Ids from the root down to the account's OU at the last roll-out; None for an account unknown then."""
        account = self._last_known_accounts.get(account_id)
        if account is None:
            return None
        chain: list[str] = []
        parent: str | None = account["parent"]
        while parent is not None and parent not in chain:
            chain.append(parent)
            parent = self._ous.get(parent, {}).get("parent")
        return tuple(reversed(chain))

    def path_of(self, chain: Sequence[str]) -> str:
        """Names along a chain, such as `Workloads/Prod`; the root is `Root`; an OU created since then has its id."""
        names = [self._ous.get(id_, {}).get("name") or id_ for id_ in chain]
        return "/".join(names[1:]) or "".join(names)

    def account_name(self, account_id: str) -> str:
        """The account's name at the last roll-out, or its id if it was created since then."""
        return self.last_known_name(account_id) or account_id

    def last_known_name(self, account_id: str) -> str | None:
        """The account's name at the last roll-out."""
        account = self._last_known_accounts.get(account_id)
        return account["name"] if account else None

    def document(self, name: str) -> str:
        """Text of a policy file that the settings refer to, as minified JSON."""
        return self._documents[name]


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)
