"""Grouping of targets into operations: as few calls as possible, in shapes that AWS documents. Pure.

An operation has one list of OUs, one account filter and one list of regions, all combined with all. So targets go
together only if that product is exactly what each of them requires. OUs that lie within each other never go together:
AWS does not document which of them an account then belongs to (assumption A2). Those below come first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from deployer.stack_sets import ACCOUNTS_PER_OPERATION, OUS_PER_OPERATION, DeploymentTargets
from deployer.targets import AccountTarget, OuTarget, Regions

Target = TypeVar("Target", OuTarget, AccountTarget)
Groups = dict[Regions, list[Target]]
Chain = Callable[[str], Sequence[str]]
"""Ids from the root down to an OU, as `Organization.chain` gives them."""
Named = tuple[str, Sequence[str]]
"""An OU, and accounts to name beside it."""


class Selection(NamedTuple):
    """Targets and regions of one operation."""

    targets: DeploymentTargets
    regions: tuple[str, ...]


def group_ous(targets: Iterable[OuTarget], chain: Chain) -> tuple[Selection, ...]:
    """Operations for OU targets. Exact as long as OU targets of one region do not lie within each other."""
    return _fewest(tuple(targets), lambda groups: _ou_selections(groups, chain))


def group_accounts(targets: Iterable[AccountTarget], chain: Chain) -> tuple[Selection, ...]:
    """Operations for accounts by name."""
    return _fewest(tuple(targets), lambda groups: _account_selections(groups, chain))


def _fewest(
    targets: tuple[Target, ...], select: Callable[[Groups[Target]], Iterator[Selection]]
) -> tuple[Selection, ...]:
    """Group targets with the same regions, or regions with the same targets, whichever takes fewer calls."""
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


def _ou_selections(groups: Groups[OuTarget], chain: Chain) -> Iterator[Selection]:
    for regions, targets in sorted(groups.items(), key=lambda item: sorted(item[0])):
        named = [(target.ou_id, sorted(target.excluded)) for target in targets]
        for some in _batches(named, chain):
            excluded = sorted({account for _, accounts in some for account in accounts})
            yield Selection(
                DeploymentTargets(
                    ou_ids=tuple(ou_id for ou_id, _ in some),
                    accounts=tuple(excluded),
                    account_filter="DIFFERENCE" if excluded else "NONE",
                ),
                tuple(sorted(regions)),
            )


def _account_selections(groups: Groups[AccountTarget], chain: Chain) -> Iterator[Selection]:
    for regions, targets in sorted(groups.items(), key=lambda item: sorted(item[0])):
        by_ou: dict[str, list[str]] = defaultdict(list)
        for target in targets:
            by_ou[target.ou_id].append(target.account)
        named = [(ou_id, chunk) for ou_id, accounts in by_ou.items() for chunk in _chunks(sorted(accounts))]
        for some in _batches(named, chain):
            accounts = sorted(account for _, chunk in some for account in chunk)
            ou_ids = tuple(ou_id for ou_id, _ in some)
            yield Selection(
                DeploymentTargets(ou_ids=ou_ids, accounts=tuple(accounts), account_filter="INTERSECTION"),
                tuple(sorted(regions)),
            )


def _chunks(accounts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(accounts), ACCOUNTS_PER_OPERATION):
        yield accounts[start : start + ACCOUNTS_PER_OPERATION]


def _batches(named: Iterable[Named], chain: Chain) -> Iterator[list[Named]]:
    """The content of each operation: no OU above another, and no more OUs and accounts than AWS accepts."""
    for level in _levels(named, chain):
        batch: list[Named] = []
        for one in sorted(level):
            count = sum(len(accounts) for _, accounts in (*batch, one))
            if batch and (len(batch) == OUS_PER_OPERATION or count > ACCOUNTS_PER_OPERATION):
                yield batch
                batch = []
            batch.append(one)
        yield batch


def _levels(named: Iterable[Named], chain: Chain) -> list[list[Named]]:
    """Parts of which none has an OU above another; OUs below an OU are in an earlier part than the OU."""
    entries = list(named)
    heights = dict.fromkeys((ou_id for ou_id, _ in entries), 0)
    for ou_id in sorted(heights, key=lambda one: len(chain(one)), reverse=True):
        for above in chain(ou_id)[:-1]:
            if above in heights:
                heights[above] = max(heights[above], heights[ou_id] + 1)
    levels: dict[int, list[Named]] = defaultdict(list)
    for entry in entries:
        levels[heights[entry[0]]].append(entry)
    return [levels[height] for height in sorted(levels)]
