"""Compiles config files and organization into the handler's settings file, and gives effective settings.

Layers stay unmerged and are keyed by id, so that the handler applies the same merge to accounts that move and to OUs
that are created later. All results here come from reading that file back with the handler's own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from deployer.organization import Organization
from deployer.settings.config import Config
from deployer.settings.consistency import inconsistencies
from deployer.settings.inheritance import Provenance, provenance
from deployer.settings.layer_file import LayerFile
from deployer.settings.matching import Placement, match_files
from deployer.settings.native_checks import native_problems
from deployer.settings.problems import InvalidConfigurationError, Problem, errors, in_order
from deployer.settings.rollout_checks import unknown_wave_names
from deployer.settings.views import views
from handler.settings import Layer, Settings
from handler.settings_file import VERSION, SettingsFile
from templates.names import Names

NO_ACCOUNT = ""
"""Stands for a future account, which has no layer of its own."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What is rolled out: `settings_json` goes into the handler's zip."""

    config: Config = field(repr=False)
    organization: Organization = field(repr=False)
    placement: Placement = field(repr=False)
    settings_json: bytes = field(repr=False)

    def names(self, *, partition: str | None = None) -> Names:
        """All resource names; see `Config.names`."""
        return self.config.names(partition=partition, organization_id=self.organization.id)

    def is_member(self, account_id: str) -> bool:
        """Whether an account is in the organization as it was last read."""
        return account_id in self.organization.accounts

    @cached_property
    def settings_file(self) -> SettingsFile:
        """The file as the handler reads it."""
        return SettingsFile.from_json(self.settings_json)

    def settings_for_ou(self, ou_id: str) -> Settings:
        """The settings of an account that joins an OU."""
        return self.settings_file.settings_for(NO_ACCOUNT, self.organization.chain(ou_id))

    def settings_for_account(self, account_id: str) -> Settings:
        """The settings of an account in its current OU."""
        own = account_id if account_id in self.placement.accounts else NO_ACCOUNT  # merges the settings of its OU once
        return self.settings_file.settings_for(own, self.organization.account_chain(account_id))

    def layers_for_ou(self, ou_id: str) -> tuple[LayerFile, ...]:
        """The files that apply to an OU, the defaults first, its own last."""
        return self._layers(self.organization.chain(ou_id))

    def layers_for_account(self, account_id: str) -> tuple[LayerFile, ...]:
        """The files that apply to an account, the defaults first, its own last."""
        own = self.placement.accounts.get(account_id)
        return (*self._layers(self.organization.account_chain(account_id)), *([own] if own else []))

    def _layers(self, chain: Sequence[str]) -> tuple[LayerFile, ...]:
        files = self.placement.ous
        return (self.config.defaults, *(files[ou_id] for ou_id in chain if ou_id in files))

    def provenance_for_ou(self, ou_id: str) -> Provenance:
        """Where each value of `settings_for_ou` comes from."""
        return provenance(self.layers_for_ou(ou_id))

    def provenance_for_account(self, account_id: str) -> Provenance:
        """Where each value of `settings_for_account` comes from."""
        return provenance(self.layers_for_account(account_id))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Every region in which some OU, or an account with a file of its own, is covered."""
        covered: set[str] = set()
        for settings in self._all_settings():
            covered |= set(settings.regions) if settings.enabled else set()
        return tuple(sorted(covered))

    def regions_of(self, account_id: str) -> tuple[str, ...]:
        """The regions in which an account is covered; none if it is not enabled."""
        settings = self.settings_for_account(account_id)
        return settings.regions if settings.enabled else ()

    @cached_property
    def uses_kms(self) -> bool:
        """Whether any layer configures encryption with KMS, for which creator roles need permissions."""
        return any(_uses_kms(layer.layer) for layer in self.config.layer_files())

    def _all_settings(self) -> Iterator[Settings]:
        yield from (self.settings_for_ou(ou_id) for ou_id in self.organization.ous)
        yield from (self.settings_for_account(account_id) for account_id in self.placement.accounts)


def compile(config: Config, organization: Organization) -> Compiled:  # noqa: A001 - the precise term
    """Match the files with the organization; raises ConfigurationError with every mismatch."""
    placement = match_files(config, organization)
    mismatches = (*placement.problems, *unknown_wave_names(config, organization))
    if found := errors(mismatches) or errors(_inconsistencies(config, organization, placement)):
        raise InvalidConfigurationError(found)
    document = {
        "version": VERSION,
        "installation": config.prefix,
        "organization": _organization(organization),
        "defaults": config.defaults.layer,
        "ous": {ou_id: file.layer for ou_id, file in placement.ous.items()},
        "accounts": {account_id: file.layer for account_id, file in placement.accounts.items()},
        "retention": {
            "expiring_records": config.retention.expiring_records,
            "event_archive": config.retention.event_archive,
            "refused": config.retention.refused,
            "observed": config.retention.observed,
        },
        "roles": _roles(config.names(organization_id=organization.id)),
        "notices_of_observed": config.notifications is not None and "observed" in config.notifications.outcomes,
        "documents": config.policies,
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Compiled(config=config, organization=organization, placement=placement, settings_json=text.encode())


def _roles(names: Names) -> dict[str, object]:
    """The roles with which this installation creates and deletes repositories in accounts, by name."""
    own = [names.creator_role, names.cleaner_role, names.repairer_role]
    return {"deployer": own, "native": names.native_role_pattern}


def _inconsistencies(config: Config, organization: Organization, placement: Placement) -> tuple[Problem, ...]:
    all_views = tuple(views(config, organization, placement))
    found = (problem for view in all_views for problem in inconsistencies(view))
    return in_order([*found, *native_problems(config, all_views)])


def _organization(organization: Organization) -> dict[str, object]:
    return {
        "id": organization.id,
        "management_account": organization.management_account_id,
        "root": organization.root.id,
        "ous": {ou.id: {"name": ou.name, "parent": ou.parent_id} for ou in organization.ous.values()},
        "accounts": {
            account.id: {"name": account.name, "parent": account.parent_id}
            for account in organization.accounts.values()
        },
    }


def _uses_kms(layer: Layer) -> bool:
    """Whether a layer, its namespaces included, has an encryption type of KMS."""
    for key, value in layer.items():
        if key == "encryption" and isinstance(value, Mapping) and str(value.get("type")).startswith("KMS"):
            return True
        inner = value if isinstance(value, list) else [value]
        if any(_uses_kms(item) for item in inner if isinstance(item, Mapping)):
            return True
    return False
