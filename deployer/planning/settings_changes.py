"""How new settings differ from those in force: by OU and key, with old and new values. Pure.

Effective settings are compared, as the handler merges them, so a default that changes shows at every OU that it
reaches; equal changes of several OUs and accounts are reported once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from deployer.organization import Organization
from handler.settings import Settings
from handler.settings_file import SettingsFile, SettingsFileError

_POLICIES = ("repository.lifecycle_policy", "repository.repository_policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One key of the settings, as `repository.scan_on_push`; values as JSON, None if the key was absent."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """The same changes for every OU (by path) and account (by id) named."""

    ous: tuple[str, ...]
    accounts: tuple[str, ...]
    values: tuple[ValueChange, ...]


def settings_changes(organization: Organization, *, before: bytes | None, after: bytes) -> tuple[SettingsChange, ...]:
    """What changes for accounts in each OU, and for accounts with settings of their own. None is the first roll-out."""
    old, new = _parsed(before), SettingsFile.from_json(after)
    by_values: dict[tuple[ValueChange, ...], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    by_ou: dict[str, tuple[ValueChange, ...]] = {}
    for ou_id in organization.ous:
        chain = organization.chain(ou_id)
        by_ou[ou_id] = _compare(_effective(old, "", chain), _effective(new, "", chain))
        if by_ou[ou_id]:
            by_values[by_ou[ou_id]][0].append(organization.path(ou_id))
    exceptions = new.exceptions | (old.exceptions if old else frozenset())
    for account_id in sorted(exceptions & organization.accounts.keys()):
        account = organization.accounts[account_id]
        chain = organization.chain(account.parent_id)
        changes = _compare(_effective(old, account.id, chain), _effective(new, account.id, chain))
        if changes and changes != by_ou[account.parent_id]:
            by_values[changes][1].append(account.id)
    return tuple(
        SettingsChange(ous=tuple(sorted(ous)), accounts=tuple(sorted(accounts)), values=values)
        for values, (ous, accounts) in sorted(by_values.items(), key=lambda item: item[1])
    )


def _parsed(data: bytes | None) -> SettingsFile | None:
    """Settings of an older version may not be readable; then all is reported as new."""
    if data is None:
        return None
    try:
        return SettingsFile.from_json(data)
    except SettingsFileError:
        return None


def _effective(file: SettingsFile | None, account_id: str, chain: tuple[str, ...]) -> Mapping[str, str]:
    """Flat keys and JSON values of settings in force; none of disabled ones, since they have no effect."""
    settings = file.settings_for(account_id, chain) if file else Settings()
    if file is None or not settings.enabled:
        return {}
    flat = dict(_flattened("", asdict(settings)))
    for key in _POLICIES:
        if (name := json.loads(flat[key])) is not None:
            flat[f"{key} (content)"] = file.document(name)
    return flat


def _flattened(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flattened(f"{prefix}.{key}" if prefix else key, inner)
    else:
        yield prefix, json.dumps(value, sort_keys=True, ensure_ascii=False)


def _compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ValueChange, ...]:
    return tuple(
        ValueChange(key=key, before=before.get(key), after=after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )
