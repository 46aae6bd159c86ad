"""Grouping of targets into operations: as few calls as there can be, at most 50 OUs each. Pure.

An operation has one list of OUs, one account filter and one list of regions, all combined with all. So targets go
together only where that product is exactly what each of them says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from deployer.stack_sets import OUS_PER_OPERATION, DeploymentTargets
from deployer.targets import AccountTarget, OuTarget, Regions

Item = TypeVar("Item")
Target = TypeVar("Target", OuTarget, AccountTarget)
Groups = dict[Regions, list[Target]]


class Selection(NamedTuple):
    """Targets and regions of one operation."""

    targets: DeploymentTargets
    regions: tuple[str, ...]


def group_ous(targets: Iterable[OuTarget]) -> tuple[Selection, ...]:
    """Operations for OU targets. Exact as long as OU targets of one region do not lie within each other."""
    return _fewest(tuple(targets), _ou_selections)


def group_accounts(targets: Iterable[AccountTarget]) -> tuple[Selection, ...]:
    """Operations for accounts by name. The OUs of one may lie within each other (assumption A2)."""
    return _fewest(tuple(targets), _account_selections)


def _fewest(
    targets: tuple[Target, ...], select: Callable[[Groups[Target]], Iterator[Selection]]
) -> tuple[Selection, ...]:
    """Group targets that want the same regions, or regions that the same targets want: whichever takes fewer calls."""
    groupings = (_by_regions(targets), _by_targets(targets))
    return min((tuple(select(groups)) for groups in groupings), key=len)


def _by_regions(targets: tuple[Target, ...]) -> Groups[Target]:
    groups: Groups[Target] = defaultdict(list)
    for target in targets:
        groups[target.regions].append(target)
    return groups


def _by_targets(targets: tuple[Target, ...]) -> Groups[Target]:
    wanting: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        for region in target.regions:
            wanting[region].append(target)
    alike: dict[tuple[Target, ...], set[str]] = defaultdict(set)
    for region, some in wanting.items():
        alike[tuple(some)].add(region)
    return {frozenset(regions): list(some) for some, regions in alike.items()}


def _ou_selections(groups: Groups[OuTarget]) -> Iterator[Selection]:
    for regions, targets in sorted(groups.items(), key=lambda item: sorted(item[0])):
        for some in _batches(sorted(targets, key=lambda target: target.ou_id), OUS_PER_OPERATION):
            excluded = sorted(frozenset[str]().union(*(target.excluded for target in some)))
            yield Selection(
                DeploymentTargets(
                    ou_ids=tuple(target.ou_id for target in some),
                    accounts=tuple(excluded),
                    account_filter="DIFFERENCE" if excluded else "NONE",
                ),
                tuple(sorted(regions)),
            )


def _account_selections(groups: Groups[AccountTarget]) -> Iterator[Selection]:
    for regions, targets in sorted(groups.items(), key=lambda item: sorted(item[0])):
        by_ou: dict[str, list[str]] = defaultdict(list)
        for target in targets:
            by_ou[target.ou_id].append(target.account)
        for ou_ids in _batches(sorted(by_ou), OUS_PER_OPERATION):
            accounts = sorted({account for ou_id in ou_ids for account in by_ou[ou_id]})
            yield Selection(
                DeploymentTargets(ou_ids=tuple(ou_ids), accounts=tuple(accounts), account_filter="INTERSECTION"),
                tuple(sorted(regions)),
            )


def _batches(items: list[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
