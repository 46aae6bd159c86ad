"""A plan reports exactly what AWS does with future accounts, whatever was desired before."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.planning.future_accounts import gaps, overreach
from deployer.planning.instances import plan_instances
from deployer.stack_sets import Instance
from deployer.targets import Coverage, Regions, Scope, compile_targets
from tests.deployer.planning.test_instances import Cloud
from tests.deployer.test_targets import coverage_of, coverages, region_sets


def _covered_by_aws(cloud: Cloud, ou_id: str) -> Regions:
    """Regions that a new account of an OU gets from AWS: those of every OU above that was ever named."""
    return frozenset[str]().union(*(cloud.registered.get(above, ()) for above in cloud.organization.chain(ou_id)))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_new_accounts_get_the_regions_of_their_ou_except_for_reported_gaps(data: st.DataObject) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    everything = Scope.whole(organization)
    cloud = Cloud(coverage, filtered_delete_unregisters=False)
    if data.draw(st.booleans(), label="there is an earlier desired state"):
        earlier = Coverage(
            organization=organization,
            ous={ou_id: data.draw(region_sets) for ou_id in organization.ous},
            accounts={account_id: data.draw(region_sets) for account_id in organization.accounts},
        )
        cloud.apply(plan_instances(earlier, everything, cloud.state(), rewritten=False))

    plan = plan_instances(coverage, everything, cloud.state(), rewritten=False)
    targets, kept = compile_targets(coverage, everything), plan.kept(cloud.registered)
    too_much: dict[str, Regions] = defaultdict(frozenset)
    for one in overreach(coverage, targets, kept=kept):
        too_much[one.ou_id] |= one.regions
    too_little = {gap.ou_id: gap.regions for gap in gaps(coverage, targets, kept=kept)}
    cloud.apply(plan)
    for ou_id, of_ou in coverage.ous.items():
        reported = of_ou.difference(too_little.get(ou_id, ())).union(too_much[ou_id])
        assert _covered_by_aws(cloud, ou_id) == reported, ou_id


def test_only_new_accounts_of_an_ou_with_child_ous_can_lack_coverage() -> None:
    """C is enabled and D below it is not: new accounts of C cannot be covered until C has an account to name."""
    desired = {"ou-b": "x", "ou-c": "x"}
    coverage = coverage_of(desired, {"c1": ""})
    everything = Scope.whole(coverage.organization)
    (gap,) = gaps(coverage, compile_targets(coverage, everything), kept={})
    assert (gap.ou_id, gap.regions) == ("ou-c", frozenset({"x"}))
    named = coverage_of(desired)
    targets = compile_targets(named, everything)
    assert gaps(named, targets, kept={}) == ()
    (more,) = overreach(named, targets, kept={})
    assert (more.ou_id, more.via, more.regions, more.is_left_over) == ("ou-d", "ou-c", frozenset({"x"}), False)


def test_ous_left_as_targets_by_an_earlier_desired_state_are_reported() -> None:
    """All of A was enabled once; now only B is, and A cannot be removed as a target without the accounts of B."""
    coverage = coverage_of({"ou-b": "x"})
    everything = Scope.whole(coverage.organization)
    cloud = Cloud(coverage, filtered_delete_unregisters=False)
    cloud.registered["ou-a"] = frozenset({"x"})
    for account in ("b1", "b2"):
        there = Instance(account=account, region="x", ou_id="ou-a", status="CURRENT")
        cloud.instances[there.key] = there
    plan = plan_instances(coverage, everything, cloud.state(), rewritten=False)
    found = overreach(coverage, compile_targets(coverage, everything), kept=plan.kept(cloud.registered))
    assert {(one.ou_id, one.via, one.is_left_over) for one in found} == {
        (ou_id, "ou-a", True) for ou_id in ("ou-a", "ou-c", "ou-d")
    }
