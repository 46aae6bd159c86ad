"""Targets resolved as AWS resolves them are exactly the desired coverage, for every organization and every coverage."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import combinations, combinations_with_replacement, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.organization import Account, Organization, OrganizationalUnit
from deployer.planning.target_operations import Selection, group_accounts, group_ous
from deployer.stack_sets import OUS_PER_OPERATION, InstanceKey
from deployer.targets import AccountTarget, Coverage, OuTarget, Scope, Targets, compile_targets, desired_instances

MANAGEMENT = "100000000000"
REGIONS = ("eu-west-1", "us-east-1", "eu-central-1")


def resolve(organization: Organization, selection: Selection) -> frozenset[InstanceKey]:
    """The targets of AWS: all accounts below the OUs, filtered, never the management account or a suspended one."""
    targets = selection.targets
    below = {account.id for ou_id in targets.ou_ids for account in organization.accounts_below(ou_id)}
    named = set(targets.accounts)
    chosen = {"NONE": below, "INTERSECTION": below & named, "DIFFERENCE": below - named}[targets.account_filter]
    return frozenset(
        InstanceKey(account_id, region)
        for account_id in chosen
        for region in selection.regions
        if account_id != organization.management_account_id and organization.accounts[account_id].is_active
    )


def operations(targets: Targets) -> tuple[Selection, ...]:
    return (*group_ous(targets.ous, _alone), *group_accounts(targets.accounts, _alone))


def _alone(ou_id: str) -> tuple[str, ...]:
    """The chain of an OU as if it lay below no other."""
    return (ou_id,)


place = st.integers(0, 8)
"""In which of the OUs so far; a number costs a fraction of a choice among names that are made as it goes."""
places = st.lists(place, max_size=8)
inmates = st.lists(
    st.tuples(place, st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE"])), max_size=10
)


@st.composite
def organizations(draw: st.DrawFn) -> Organization:
    ous = {"r-1": OrganizationalUnit(id="r-1", name="Root", parent_id=None)}
    names = ["r-1"]
    for number, chosen in enumerate(draw(places)):
        ou_id = f"ou-{number:08}"
        ous[ou_id] = OrganizationalUnit(id=ou_id, name=ou_id, parent_id=names[chosen % len(names)])
        names.append(ou_id)
    accounts = {MANAGEMENT: Account(id=MANAGEMENT, name="management", parent_id=names[draw(place) % len(names)])}
    for number, (chosen, state) in enumerate(draw(inmates)):
        account_id = f"2{number:011}"
        accounts[account_id] = Account(
            id=account_id, name=f"a{number}", parent_id=names[chosen % len(names)], state=state
        )
    return Organization(id="o-1", management_account_id=MANAGEMENT, ous=ous, accounts=accounts)


region_sets = st.sampled_from([frozenset(some) for size in range(4) for some in combinations(REGIONS, size)])
"""One draw; a set of drawn members takes several."""


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    organization = draw(organizations())
    ous = {ou_id: draw(region_sets) for ou_id in organization.ous}
    accounts = {
        account.id: draw(region_sets) if draw(st.integers(0, 4)) == 0 else ous[account.parent_id]
        for account in organization.accounts.values()
    }
    return Coverage(organization=organization, ous=ous, accounts=accounts)


@st.composite
def scopes(draw: st.DrawFn, organization: Organization) -> Scope:
    return Scope(
        ou_ids=frozenset(draw(st.sets(st.sampled_from(sorted(organization.ous))))),
        account_ids=frozenset(draw(st.sets(st.sampled_from(sorted(organization.accounts))))),
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_targets_resolve_to_exactly_the_desired_coverage(data: st.DataObject) -> None:
    coverage = data.draw(coverages())
    scope = data.draw(st.one_of(st.just(Scope.whole(coverage.organization)), scopes(coverage.organization)))
    selections = operations(compile_targets(coverage, scope))
    resolved = [resolve(coverage.organization, selection) for selection in selections]
    assert frozenset[InstanceKey]().union(*resolved) == desired_instances(coverage, scope)
    assert sum(map(len, resolved)) == len(desired_instances(coverage, scope)), "no instance is targeted twice"


@settings(max_examples=200, deadline=None)
@given(coverages())
def test_a_new_account_is_covered_by_ou_targets_only_if_its_ou_requests_it(coverage: Coverage) -> None:
    organization = coverage.organization
    targets = compile_targets(coverage, Scope.whole(organization))
    for ou_id in organization.ous:
        future = {
            region for target in targets.ous if target.ou_id in organization.chain(ou_id) for region in target.regions
        }
        assert future <= coverage.ous[ou_id]
        if not coverage.children(ou_id):
            assert future == coverage.ous[ou_id]


def _organization() -> Organization:
    """Root > A > (B, C > D); accounts: one directly in A, two in B, one in C, one in D, one suspended in D."""
    parents = {"r-1": None, "ou-a": "r-1", "ou-b": "ou-a", "ou-c": "ou-a", "ou-d": "ou-c"}
    inside = {"a1": "ou-a", "b1": "ou-b", "b2": "ou-b", "c1": "ou-c", "d1": "ou-d", "m": "r-1"}
    accounts = {name: Account(id=name, name=name, parent_id=parent) for name, parent in inside.items()}
    accounts["d2"] = Account(id="d2", name="d2", parent_id="ou-d", state="SUSPENDED")
    return Organization(
        id="o-1",
        management_account_id="m",
        ous={ou_id: OrganizationalUnit(id=ou_id, name=ou_id, parent_id=parent) for ou_id, parent in parents.items()},
        accounts=accounts,
    )


def coverage_of(ous: dict[str, str], accounts: dict[str, str] | None = None) -> Coverage:
    """Regions as words: `"x y"`; an account not named has its OU's."""
    organization = _organization()
    by_ou = {ou_id: frozenset(ous.get(ou_id, "").split()) for ou_id in organization.ous}
    own = {account_id: frozenset(regions.split()) for account_id, regions in (accounts or {}).items()}
    by_account = {
        account.id: own.get(account.id, by_ou[account.parent_id]) for account in organization.accounts.values()
    }
    return Coverage(organization=organization, ous=by_ou, accounts=by_account)


def _ou(ou_id: str, regions: str, *excluded: str) -> OuTarget:
    return OuTarget(ou_id=ou_id, regions=frozenset(regions.split()), excluded=frozenset(excluded))


def _account(account: str, ou_id: str, regions: str) -> AccountTarget:
    return AccountTarget(account=account, ou_id=ou_id, regions=frozenset(regions.split()))


@pytest.mark.parametrize(
    ("coverage", "targets"),
    [
        pytest.param(
            coverage_of({"ou-a": "x", "ou-b": "x", "ou-c": "x", "ou-d": "x"}),
            Targets(ous=(_ou("ou-a", "x"),), accounts=()),
            id="an OU tree with equal settings is one target",
        ),
        pytest.param(
            coverage_of({"ou-a": "x", "ou-b": "x y", "ou-c": "x", "ou-d": "x"}),
            Targets(ous=(_ou("ou-a", "x"), _ou("ou-b", "y")), accounts=()),
            id="a child with one more region is a target for that region only",
        ),
        pytest.param(
            coverage_of({"ou-a": "x", "ou-b": "x", "ou-c": "x", "ou-d": ""}),
            Targets(ous=(_ou("ou-b", "x"),), accounts=(_account("a1", "ou-a", "x"), _account("c1", "ou-c", "x"))),
            id="a disabled OU in an enabled one: siblings are targets, accounts of its parents are named",
        ),
        pytest.param(
            coverage_of({"ou-b": "x"}, {"b2": ""}),
            Targets(ous=(_ou("ou-b", "x", "b2"),), accounts=()),
            id="an account that is not enabled is excluded from its OU's target",
        ),
        pytest.param(
            coverage_of({"ou-b": "x y"}, {"b2": "x"}),
            Targets(ous=(_ou("ou-b", "x"), _ou("ou-b", "y", "b2")), accounts=()),
            id="an account with fewer regions splits the target by region",
        ),
        pytest.param(
            coverage_of({"ou-b": "x"}, {"b2": "x y", "d1": "y"}),
            Targets(ous=(_ou("ou-b", "x"),), accounts=(_account("b2", "ou-b", "y"), _account("d1", "ou-d", "y"))),
            id="an account with more regions is named for these regions",
        ),
        pytest.param(
            coverage_of({"r-1": "x"}, {"m": "x y", "d2": "x"}),
            Targets(ous=(), accounts=()),
            id="neither the management account nor a suspended one is ever named",
        ),
    ],
)
def test_targets_are_minimal(coverage: Coverage, targets: Targets) -> None:
    assert compile_targets(coverage, Scope.whole(coverage.organization)) == targets


def test_a_scope_of_one_account_names_it_and_a_scope_of_one_ou_targets_it() -> None:
    coverage = coverage_of({"ou-a": "x", "ou-b": "x", "ou-c": "x", "ou-d": "x"})
    scope = Scope(ou_ids=frozenset({"ou-c", "ou-d"}), account_ids=frozenset({"b1", "d1"}))
    assert compile_targets(coverage, scope) == Targets(ous=(_ou("ou-c", "x"),), accounts=(_account("b1", "ou-b", "x"),))


def test_no_operation_names_more_ous_than_aws_accepts() -> None:
    targets = [_ou(f"ou-{number:03}", "x", f"a{number}") for number in range(OUS_PER_OPERATION * 2 + 1)]
    selections = group_ous(targets, _alone)
    assert [len(selection.targets.ou_ids) for selection in selections] == [OUS_PER_OPERATION, OUS_PER_OPERATION, 1]
    assert selections[2].targets.accounts == ("a100",), "only the exclusions of its own OUs"


def test_uneven_regions_need_at_most_one_operation_per_region() -> None:
    targets = [_ou("ou-1", "x y"), _ou("ou-2", "x"), _ou("ou-3", "y")]
    assert len(group_ous(targets, _alone)) == 2


def test_regions_that_the_same_ous_require_are_one_group() -> None:
    targets = [_ou("ou-1", "w x"), _ou("ou-2", "w x y z"), _ou("ou-3", "y z")]
    found = {(selection.targets.ou_ids, selection.regions) for selection in group_ous(targets, _alone)}
    assert found == {(("ou-1", "ou-2"), ("w", "x")), (("ou-2", "ou-3"), ("y", "z"))}


@cache
def _rectangles(cells: frozenset[tuple[str, str]]) -> list[frozenset[tuple[str, str]]]:
    """Everything that one operation could cover: some OUs, in regions that all of them require."""
    by_ou: dict[str, set[str]] = defaultdict(set)
    for ou_id, region in cells:
        by_ou[ou_id].add(region)
    found = set()
    for number in range(1, len(by_ou) + 1):
        for ous in combinations(sorted(by_ou), number):
            shared = sorted(set.intersection(*(by_ou[ou_id] for ou_id in ous)))
            for count in range(1, len(shared) + 1):
                found |= {frozenset(product(ous, regions)) for regions in combinations(shared, count)}
    return sorted(found, key=len, reverse=True)


@cache
def _fewest(cells: frozenset[tuple[str, str]]) -> int:
    """The minimum number of operations, found by trying."""
    if not cells:
        return 0
    first = min(cells)
    return 1 + min(_fewest(cells - part) for part in _rectangles(cells) if first in part)


def test_no_other_grouping_needs_fewer_operations() -> None:
    """For four OUs in three regions, whatever each of them requires, compared with all other groupings."""
    choices = [frozenset(some) for count in (1, 2, 3) for some in combinations("xyz", count)]
    for regions_of_ous in combinations_with_replacement(choices, 4):
        targets = [OuTarget(ou_id=f"ou-{number}", regions=regions) for number, regions in enumerate(regions_of_ous)]
        cells = frozenset((target.ou_id, region) for target in targets for region in target.regions)
        assert len(group_ous(targets, _alone)) == _fewest(cells), regions_of_ous
