"""Recognizes installations in this organization that the config files do not describe, by what they deployed. Pure.

A changed `prefix`, `central.account` or `central.region` describes a new installation and does not move the existing
one: two handlers would serve every push, or some accounts would forward to one event bus and the rest to another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from deployer.errors import OtherInstallationError
from templates import access
from templates.names import Names, prefix_problem

DESCRIPTION = access.DESCRIPTION.split(":", maxsplit=1)[0] + ":"
"""What the descriptions of all StackSets of `deployer` begin with."""

_STACK_SET = re.compile(r"(?P<prefix>.+)-(?:access|forwarding|registry-(?:scanning|creation-templates)-[0-9a-f]{8})")
_BUCKET = re.compile(r"(?P<prefix>.+)-artifacts-(?P<account>[0-9]{12})-(?P<region>[a-z]+(?:-[a-z]+)+-[0-9]+)")
_KEYS = {"prefix": "prefix", "account": "central.account", "region": "central.region"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInstallation:
    """An installation: its prefix, its central account (None if it could not be read) and region, and its resources."""

    prefix: str
    region: str
    account: str | None = None
    resources: tuple[str, ...] = ()

    def __str__(self) -> str:
        account = f"central account {self.account}, " if self.account else ""
        return f"prefix {self.prefix}, {account}{self.region} ({', '.join(self.resources)})"


def by_stack_sets(descriptions: Mapping[str, str], *, region: str) -> tuple[FoundInstallation, ...]:
    """The installations to which StackSets of one region belong; `descriptions` has all StackSets, of any tool."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, description in sorted(descriptions.items()):
        matched = _STACK_SET.fullmatch(name)
        if matched and description.startswith(DESCRIPTION) and not prefix_problem(matched["prefix"]):
            names[matched["prefix"]].append(f"StackSet {name}")
    return tuple(FoundInstallation(prefix=key, region=region, resources=tuple(value)) for key, value in names.items())


def by_bucket(bucket: str, *, account: str) -> FoundInstallation | None:
    """The installation that an account's bucket belongs to if its tag names the same prefix; None for other buckets."""
    matched = _BUCKET.fullmatch(bucket)
    if matched is None or matched["account"] != account or prefix_problem(matched["prefix"]):
        return None
    return FoundInstallation(
        prefix=matched["prefix"], region=matched["region"], account=account, resources=(f"bucket {bucket}",)
    )


def central_account_in(template: str, *, prefix: str) -> str | None:
    """The central account to which a template of an access or forwarding StackSet refers, by the ARN of its bus."""
    found = re.search(rf":events:[a-z0-9-]+:([0-9]{{12}}):event-bus/{re.escape(prefix)}-events\b", template)
    return found[1] if found else None


def other_installations(names: Names, found: Iterable[FoundInstallation]) -> tuple[FoundInstallation, ...]:
    """Those that are not the one of the config files, each once; one of an unread account joins its namesake."""
    merged: dict[tuple[str, str, str | None], FoundInstallation] = {}
    accounts: dict[tuple[str, str], str] = {}
    for one in sorted(found, key=lambda one: one.account is None):
        account = one.account or accounts.get((one.prefix, one.region))
        if account:
            accounts.setdefault((one.prefix, one.region), account)
        key = (one.prefix, one.region, account)
        resources = (*merged[key].resources, *one.resources) if key in merged else one.resources
        merged[key] = replace(one, account=account, resources=tuple(sorted({*resources})))
    return tuple(one for one in merged.values() if any(_differences(names, one)))


def _differences(names: Names, one: FoundInstallation) -> Iterator[tuple[str, str]]:
    """The keys of organization.yaml by which an installation differs, and its values."""
    described = {"prefix": names.prefix, "account": names.central_account, "region": names.central_region}
    for attribute, value in described.items():
        existing = getattr(one, attribute)
        if existing not in {None, value}:
            yield _KEYS[attribute], existing


def next_step(names: Names, others: Iterable[FoundInstallation]) -> str:
    """What to do: restore the keys that were changed, or move the installation."""
    restored = " or ".join(", ".join(f"`{key}: {value}`" for key, value in _differences(names, one)) for one in others)
    return (
        f"If you changed organization.yaml, restore {restored}. To move the installation, or to remove one of them,"
        " follow `deployer docs operations`, section Move the installation."
    )


def check_only_installation(names: Names, found: Iterable[FoundInstallation]) -> None:
    """Raise OtherInstallationError unless nothing was found, or only the installation of the config files."""
    if others := other_installations(names, found):
        raise _refusal(names, others)


def check_removable(names: Names, found: Iterable[FoundInstallation], *, exists: bool) -> tuple[FoundInstallation, ...]:
    """The other installations, which a removal leaves unchanged, so that one of two can be removed.

    Raises OtherInstallationError if nothing `exists` of the config files' own installation, or if StackSets of the same
    names belong to another central account: a removal would delete those.
    """
    others = other_installations(names, found)
    has_same_names = any((one.prefix, one.region) == (names.prefix, names.central_region) for one in others)
    if others and (has_same_names or not exists):
        raise _refusal(names, others)
    return others


def _refusal(names: Names, others: Iterable[FoundInstallation]) -> OtherInstallationError:
    listed = "".join(f"\n  {one}" for one in others)
    return OtherInstallationError(
        f"This organization has another installation of deployer. Nothing was changed.{listed}",
        next_step=next_step(names, others),
    )
