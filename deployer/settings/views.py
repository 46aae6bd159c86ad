"""The effective settings that each file contributes to, with the source location of each key.

With an organization the chain of OUs is known; without one it is derived from the paths that the files name, so that
`validate` can check nearly everything offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from deployer.organization import Organization
from deployer.settings.config import Config, OuFile
from deployer.settings.inheritance import Provenance, provenance
from deployer.settings.layer_file import LayerFile
from deployer.settings.matching import Placement
from deployer.settings.problems import Problem, Severity
from deployer.settings.yaml_source import KeyPath, key_text
from handler.settings import Settings, settings_from


@dataclass(frozen=True, kw_only=True)
class View:
    """The settings of a file and all that it inherits. `is_complete` is False if a parent's file may be unknown."""

    layers: tuple[LayerFile, ...]
    is_complete: bool = True

    @cached_property
    def settings(self) -> Settings:
        return settings_from(file.layer for file in self.layers)

    @cached_property
    def provenance(self) -> Provenance:
        return provenance(self.layers)

    def problem(self, path: KeyPath, message: str, *, severity: Severity = Severity.WARNING) -> Problem:
        """A problem at the location that set a value, or at the top of the nearest file if none did."""
        origin = self.provenance.of(path)
        if origin is None:
            return self.layers[-1].problem((), message, severity=severity)
        key = key_text(path)
        return Problem(
            file=origin.file, line=origin.line, column=origin.column, key=key, message=message, severity=severity
        )


def views(config: Config, organization: Organization | None, placement: Placement) -> Iterator[View]:
    """One for the defaults, each OU's file and each account's."""
    yield View(layers=(config.defaults,), is_complete=False)
    if organization is None:
        yield from _offline(config)
        return
    for ou_id in placement.ous:
        yield View(layers=_chain(config, placement, organization.chain(ou_id)))
    for account_id, file in placement.accounts.items():
        chain = _chain(config, placement, organization.account_chain(account_id))
        yield View(layers=(*chain, file))


def _chain(config: Config, placement: Placement, chain: tuple[str, ...]) -> tuple[LayerFile, ...]:
    return (config.defaults, *(placement.ous[ou_id] for ou_id in chain if ou_id in placement.ous))


def _offline(config: Config) -> Iterator[View]:
    by_path = {file.path: file for file in config.ous if file.path is not None}
    has_ids_only = len(by_path) < len(config.ous)
    for file in config.ous:
        above = tuple(_parents(file, by_path))
        yield View(layers=(config.defaults, *above, file), is_complete=file.path is not None and not has_ids_only)
    for account in config.accounts:
        yield View(layers=(config.defaults, account), is_complete=False)


def _parents(file: OuFile, by_path: dict[str, OuFile]) -> Iterator[OuFile]:
    """Files of the OUs above, the highest first, as far as paths show."""
    root = by_path.get("Root")
    if root is not None and root is not file:
        yield root
    parts = (file.path or "").split("/")
    for length in range(1, len(parts)):
        above = by_path.get("/".join(parts[:length]))
        if above is not None and above is not root:
            yield above
