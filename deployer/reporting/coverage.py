"""What the roll-out covers, from the document that `deployer status --json` prints: OU by region, and who is left out.

Events reach the ledger from where the forwarding StackSet has a current instance; the access StackSet, one instance for
each account, brings the role that creates repositories there. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from deployer.organization import Organization

Level = Literal["full", "partial", "lacking"]

_ACCESS = "-access"
_FORWARDING = "-forwarding"


@dataclass(frozen=True, slots=True)
class Cell:
    """Accounts of an OU in a region: how many are covered of how many that are to be."""

    covered: int
    wanted: int

    @property
    def level(self) -> Level:
        if self.covered >= self.wanted:
            return "full"
        return "partial" if self.covered else "lacking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """An account whose pushes nobody hears of, in one region or, where it is empty, in any."""

    account: str
    name: str
    ou: str
    region: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The matrix, and the accounts without coverage: those that are to have it, and those that nobody asked for."""

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
        """A row of the matrix, by region; None where nothing is asked for."""
        return [self.cells.get((ou, region)) for region in self.regions]


def coverage_from(status: Mapping[str, Any], organization: Organization | None = None) -> Coverage:
    """Read the document; with an organization, accounts that no config file enables are found too.

    Raises KeyError or TypeError where the document is not what `deployer status --json` prints.
    """
    instances: Sequence[Mapping[str, Any]] = status["instances"]
    roles: dict[str, list[bool]] = defaultdict(list)
    places: dict[tuple[str, str], list[bool]] = defaultdict(list)
    lacking = []
    for one in instances:
        if one["state"] == "unexpected":
            continue
        is_current = one["state"] == "current"
        if one["stack_set"].endswith(_ACCESS):
            roles[one["ou"]].append(is_current)
        elif one["stack_set"].endswith(_FORWARDING):
            places[one["ou"], one["region"]].append(is_current)
        if not is_current:
            lacking.append(_lacking(one))
    covered = {one["account"] for one in instances}
    return Coverage(
        regions=tuple(sorted({region for _, region in places})),
        roles={ou: _cell(states) for ou, states in roles.items()},
        cells={place: _cell(states) for place, states in places.items()},
        lacking=tuple(lacking),
        switched_off=tuple(_switched_off(organization, covered)) if organization else (),
    )


def _cell(states: list[bool]) -> Cell:
    return Cell(covered=sum(states), wanted=len(states))


def _lacking(instance: Mapping[str, Any]) -> Uncovered:
    part = "creator role" if instance["stack_set"].endswith(_ACCESS) else "forwarding"
    reason = f": {instance['reason']}" if instance["reason"] else ""
    return Uncovered(
        account=instance["account"],
        name=instance["name"] or "",
        ou=instance["ou"],
        region=instance["region"],
        why=f"{part} {instance['state']}{reason}",
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
