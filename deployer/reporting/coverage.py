"""What the roll-out covers, by OU and region, and which accounts it leaves out.

Events are forwarded from each account and region with a current instance of the forwarding StackSet; the access
StackSet, with one instance for each account, has the role that creates repositories there. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deployer.organization import Organization
from deployer.rollout.status import STATES, UNCOUNTED, InstanceStatus, Status
from deployer.words import account_path
from handler.json_values import JsonValue

Level = Literal["full", "partial", "lacking"]

_ACCESS = "-access"
_FORWARDING = "-forwarding"


@dataclass(frozen=True, slots=True)
class Cell:
    """The accounts of an OU in a region: how many are covered, and how many should be."""

    covered: int
    desired: int

    @property
    def level(self) -> Level:
        if self.covered >= self.desired:
            return "full"
        return "partial" if self.covered else "lacking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """An account whose pushes are not forwarded; in all regions if `region` is empty."""

    account: str
    name: str
    ou: str
    region: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The matrix, and the accounts without coverage: those for which it is desired, and all others."""

    regions: tuple[str, ...]
    roles: Mapping[str, Cell]
    """By OU: accounts in which the creator role is current."""
    cells: Mapping[tuple[str, str], Cell]
    """By OU and region."""
    lacking: tuple[Uncovered, ...]
    switched_off: tuple[Uncovered, ...]

    @property
    def ous(self) -> tuple[str, ...]:
        return tuple(sorted({ou for ou, _ in self.cells} | set(self.roles)))

    def cells_of(self, ou: str) -> list[Cell | None]:
        """A row of the matrix, by region; None if nothing is requested."""
        return [self.cells.get((ou, region)) for region in self.regions]


@dataclass(frozen=True, slots=True)
class _Located:
    """An instance, and the OU and name of its account."""

    instance: InstanceStatus
    ou: str
    name: str

    @property
    def is_current(self) -> bool:
        return self.instance.state == "current"


def coverage_of(status: Status, organization: Organization) -> Coverage:
    """The coverage of an organization, with the accounts that no config file enables."""
    found = [
        _Located(one, account_path(organization, one.account), _name(organization, one.account))
        for one in status.instances
    ]
    return _coverage(found, organization)


def coverage_from(document: Mapping[str, JsonValue], organization: Organization | None = None) -> Coverage:
    """Read what `deployer status --json` printed; with an organization, accounts that no config file enables are found.

    Raises KeyError, TypeError or ValueError for any other document.
    """
    return _coverage([_located(one) for one in document["instances"]], organization)


def _located(one: Mapping[str, JsonValue]) -> _Located:
    if one["state"] not in STATES:
        raise ValueError(f"unknown state {one['state']!r}")
    instance = InstanceStatus(
        stack_set=one["stack_set"],
        account=one["account"],
        region=one["region"],
        state=one["state"],
        reason=one["reason"] or "",
    )
    return _Located(instance, one["ou"], one["name"] or "")


def _name(organization: Organization, account: str) -> str:
    known = organization.accounts.get(account)
    return known.name if known else ""


def _coverage(found: Sequence[_Located], organization: Organization | None) -> Coverage:
    roles: dict[str, list[bool]] = defaultdict(list)
    regions: dict[tuple[str, str], list[bool]] = defaultdict(list)
    desired = [one for one in found if one.instance.state not in UNCOUNTED]
    for one in desired:
        if one.instance.stack_set.endswith(_ACCESS):
            roles[one.ou].append(one.is_current)
        elif one.instance.stack_set.endswith(_FORWARDING):
            regions[one.ou, one.instance.region].append(one.is_current)
    return Coverage(
        regions=tuple(sorted({region for _, region in regions})),
        roles={ou: _cell(states) for ou, states in roles.items()},
        cells={key: _cell(states) for key, states in regions.items()},
        lacking=tuple(_lacking(one) for one in desired if not one.is_current),
        switched_off=tuple(_switched_off(organization, {one.instance.account for one in found}))
        if organization
        else (),
    )


def _cell(states: list[bool]) -> Cell:
    return Cell(covered=sum(states), desired=len(states))


def _lacking(one: _Located) -> Uncovered:
    instance = one.instance
    part = "creator role" if instance.stack_set.endswith(_ACCESS) else "forwarding"
    reason = f": {instance.reason}" if instance.reason else ""
    return Uncovered(
        account=instance.account,
        name=one.name,
        ou=one.ou,
        region=instance.region,
        why=f"{part} {instance.state}{reason}",
    )


def _switched_off(organization: Organization, covered: set[str]) -> list[Uncovered]:
    return [
        Uncovered(
            account=account.id,
            name=account.name,
            ou=organization.path(account.parent_id),
            region="",
            why="the management account, which no StackSet reaches"
            if account.id == organization.management_account_id
            else "no config file enables its OU",
        )
        for account in sorted(organization.accounts.values(), key=lambda one: one.id)
        if account.is_active and account.id not in covered
    ]
