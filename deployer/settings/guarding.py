"""The guard of an OU with `engine: native`: policies of the organization, made from its settings. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployer.errors import ConfigurationError
from deployer.settings.compiled import Compiled
from deployer.settings.explaining import find_ou
from deployer.settings.native import compile_native
from handler.settings import Settings
from templates.guard import Guard, guard


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedOu:
    """The policies for one OU, and where they are attached."""

    ou_id: str
    path: str
    root_id: str
    guard: Guard
    below: tuple[str, ...]
    """Paths of OUs below, and names of accounts with a file, whose settings give other policies."""

    @property
    def also_refused(self) -> tuple[str, ...]:
        """What else the policies deny, in sentences."""
        others = f"Attached here, the policies apply to {', '.join(self.below)} too, whose settings differ."
        return (*self.guard.also_refused, *([others] if self.below else []))

    def document(self) -> dict[str, object]:
        """The result as JSON; a policy that would deny nothing is null."""
        return {
            "ou": {"id": self.ou_id, "path": self.path},
            "resource_control_policy": {"attach_to": self.ou_id, "policy": self.guard.resource_control_policy},
            "service_control_policy": {"attach_to": self.root_id, "policy": self.guard.service_control_policy},
            "also_refused": list(self.also_refused),
            "not_refused": list(self.guard.not_refused),
        }


def guard_for(compiled: Compiled, requested: str | None) -> GuardedOu:
    """The guard of an OU by path or id, or of the only one with `engine: native`; raises ConfigurationError."""
    organization = compiled.organization
    ou_id = find_ou(organization, requested) if requested else _only_native(compiled)
    found = _guard(compiled, compiled.settings_for_ou(ou_id), of=ou_id)
    if found is None:
        raise ConfigurationError(
            f"ECR creates no repositories for {organization.path(ou_id)}: it has no creation templates",
            next_step="`deployer explain` shows the engine of an OU and the file that sets it.",
        )
    return GuardedOu(
        ou_id=ou_id,
        path=organization.path(ou_id),
        root_id=organization.root.id,
        guard=found,
        below=tuple(_others_below(compiled, ou_id, found)),
    )


def _only_native(compiled: Compiled) -> str:
    """The topmost OU with creation templates, if there is only one."""
    organization = compiled.organization
    native = {ou_id for ou_id in organization.ous if _guard(compiled, compiled.settings_for_ou(ou_id), of=ou_id)}
    topmost = [ou_id for ou_id in native if organization.ous[ou_id].parent_id not in native]
    paths = ", ".join(sorted(organization.path(ou_id) for ou_id in topmost))
    if not topmost:
        raise ConfigurationError(
            "No OU has engine: native, so pushes alone create no repositories",
            next_step="The handler decides who creates: `create.principals`, see `deployer docs configuration`.",
        )
    if len(topmost) > 1:
        raise ConfigurationError(f"Several OUs have engine: native: {paths}", next_step="Pass --ou with one of them.")
    return topmost[0]


def _guard(compiled: Compiled, settings: Settings, *, of: str) -> Guard | None:
    """The guard that settings give for the registries of an OU; None without templates."""
    compilation = compile_native(settings, compiled.config.policies)
    if compilation is None or not compilation.content.templates:
        return None
    return guard(
        settings.create.principals,
        prefixes=[one.prefix for one in compilation.content.templates],
        ou_path="/".join([compiled.organization.id, *compiled.organization.chain(of), ""]),
        names=compiled.names(),
    )


def _others_below(compiled: Compiled, ou_id: str, expected: Guard) -> Iterator[str]:
    organization = compiled.organization
    for below in sorted(organization.ous, key=organization.path):
        settings = compiled.settings_for_ou(below)
        if below != ou_id and ou_id in organization.chain(below) and _guard(compiled, settings, of=ou_id) != expected:
            yield organization.path(below)
    for account_id in sorted(compiled.placement.accounts):
        settings = compiled.settings_for_account(account_id)
        if ou_id in organization.account_chain(account_id) and _guard(compiled, settings, of=ou_id) != expected:
            yield organization.accounts[account_id].name
