"""From desired coverage (the regions of each OU and account) to the fewest targets that express exactly that.

An OU is a target if all OUs below it require a region too: AWS covers child OUs, and future accounts, by itself. If
they differ, the OUs below become targets, and accounts directly in the OU are named. An account with settings of its
own is excluded from its OU's target, or named. Pure, and proven against a resolver of AWS's rules in the tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from deployer.organization import Account, Organization
from deployer.stack_sets import InstanceKey

Regions = frozenset[str]
_NONE: Regions = frozenset()


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Desired coverage: regions of every OU (what a new account there gets) and of every account that exists."""

    organization: Organization
    ous: Mapping[str, Regions] = field(repr=False)
    accounts: Mapping[str, Regions] = field(repr=False)

    @cached_property
    def _accounts_by_parent(self) -> Mapping[str, tuple[Account, ...]]:
        inside: dict[str, list[Account]] = defaultdict(list)
        for account in self.organization.accounts.values():
            inside[account.parent_id].append(account)
        return {parent: tuple(sorted(accounts, key=lambda one: one.id)) for parent, accounts in inside.items()}

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        below: dict[str, list[str]] = defaultdict(list)
        for ou in self.organization.ous.values():
            if ou.parent_id is not None:
                below[ou.parent_id].append(ou.id)
        return {parent: tuple(sorted(ids)) for parent, ids in below.items()}

    @cached_property
    def uniform(self) -> Mapping[str, Regions]:
        """Regions that an OU and every OU below it require: those in which the OU itself can be a target."""
        result: dict[str, Regions] = {}

        def visit(ou_id: str) -> Regions:
            below = [visit(child) for child in self.children(ou_id)]
            result[ou_id] = self.ous.get(ou_id, _NONE).intersection(*below)
            return result[ou_id]

        visit(self.organization.root.id)
        return result

    def children(self, ou_id: str) -> tuple[str, ...]:
        return self._children.get(ou_id, ())

    def targetable(self, account: Account) -> bool:
        """Whether a StackSet ever deploys there: never to the management account, nor to one that is not active."""
        return account.is_active and account.id != self.organization.management_account_id

    def regions_of(self, account: Account) -> Regions:
        return self.accounts.get(account.id, _NONE) if self.targetable(account) else _NONE

    def accounts_in(self, ou_id: str) -> tuple[Account, ...]:
        """Accounts directly in an OU that a StackSet may deploy to."""
        return tuple(account for account in self._accounts_by_parent.get(ou_id, ()) if self.targetable(account))

    def accounts_below(self, ou_id: str) -> Iterator[Account]:
        yield from self.accounts_in(ou_id)
        for child in self.children(ou_id):
            yield from self.accounts_below(child)

    def within(self, scope: Scope) -> Coverage:
        """The same coverage, in the scope's regions only."""
        if (kept := scope.regions) is None:
            return self
        return Coverage(
            organization=self.organization,
            ous={ou_id: regions & kept for ou_id, regions in self.ous.items()},
            accounts={account_id: regions & kept for account_id, regions in self.accounts.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a roll-out may touch: OUs with all below them, single accounts, and some regions or (None) all."""

    ou_ids: frozenset[str] = frozenset()
    account_ids: frozenset[str] = frozenset()
    regions: Regions | None = None

    @classmethod
    def whole(cls, organization: Organization) -> Scope:
        return cls(ou_ids=frozenset({organization.root.id}))

    def is_whole(self, organization: Organization) -> bool:
        return organization.root.id in self.ou_ids and self.regions is None

    def has_ou(self, organization: Organization, ou_id: str) -> bool:
        return not self.ou_ids.isdisjoint(organization.chain(ou_id))

    def has_account(self, organization: Organization, account_id: str) -> bool:
        if account_id in self.account_ids:
            return True
        known = account_id in organization.accounts
        return self.has_ou(organization, organization.accounts[account_id].parent_id if known else organization.root.id)

    def has(self, organization: Organization, key: InstanceKey) -> bool:
        return (self.regions is None or key.region in self.regions) and self.has_account(organization, key.account)

    def tops(self, organization: Organization) -> tuple[str, ...]:
        """The OUs that no other OU of the scope holds."""
        return tuple(sorted(ou_id for ou_id in self.ou_ids if self.ou_ids.isdisjoint(organization.chain(ou_id)[:-1])))


@dataclass(frozen=True, slots=True, kw_only=True)
class OuTarget:
    """An OU with all below it, in some regions, except accounts that do not require them."""

    ou_id: str
    regions: Regions
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTarget:
    """One account by name, with the OU that AWS requires beside it and whose new accounts AWS then covers."""

    account: str
    ou_id: str
    regions: Regions


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Desired coverage in AWS's terms."""

    ous: tuple[OuTarget, ...]
    accounts: tuple[AccountTarget, ...]


def compile_targets(coverage: Coverage, scope: Scope) -> Targets:
    """The fewest OU targets that cover exactly what the scope requires, and accounts by name for the rest."""
    scoped = coverage.within(scope)
    found = [target for top in scope.tops(scoped.organization) for target in _descend(scoped, top, _NONE)]
    found.extend(_single_accounts(scoped, scope))
    return Targets(
        ous=tuple(target for target in found if isinstance(target, OuTarget)),
        accounts=tuple(target for target in found if isinstance(target, AccountTarget)),
    )


def _descend(coverage: Coverage, ou_id: str, above: Regions) -> Iterator[OuTarget | AccountTarget]:
    covered = coverage.uniform[ou_id]
    yield from _ou_targets(coverage, ou_id, covered - above)
    for account in coverage.accounts_in(ou_id):
        if by_name := coverage.regions_of(account) - covered:
            yield AccountTarget(account=account.id, ou_id=ou_id, regions=by_name)
    for child in coverage.children(ou_id):
        yield from _descend(coverage, child, covered)


def _single_accounts(coverage: Coverage, scope: Scope) -> Iterator[AccountTarget]:
    for account_id in sorted(scope.account_ids):
        account = coverage.organization.accounts[account_id]
        regions = coverage.regions_of(account)
        if regions and not scope.has_ou(coverage.organization, account.parent_id):
            yield AccountTarget(account=account_id, ou_id=account.parent_id, regions=regions)


def _ou_targets(coverage: Coverage, ou_id: str, regions: Regions) -> Iterator[OuTarget]:
    """One target for each set of excluded accounts, since an operation has one filter for all its regions."""
    by_excluded: dict[frozenset[str], set[str]] = defaultdict(set)
    below = tuple(coverage.accounts_below(ou_id)) if regions else ()
    for region in regions:
        excluded = frozenset(account.id for account in below if region not in coverage.regions_of(account))
        by_excluded[excluded].add(region)
    for excluded, group in sorted(by_excluded.items(), key=lambda item: sorted(item[0])):
        yield OuTarget(ou_id=ou_id, regions=frozenset(group), excluded=excluded)


def desired_instances(coverage: Coverage, scope: Scope) -> frozenset[InstanceKey]:
    """Every account and region of the scope for which an instance is desired."""
    scoped = coverage.within(scope)
    return frozenset(
        InstanceKey(account.id, region)
        for account in scoped.organization.accounts.values()
        if scope.has_account(scoped.organization, account.id)
        for region in scoped.regions_of(account)
    )
