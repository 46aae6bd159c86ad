"""Nothing is ever planned for suspended accounts, and all of their instances are released, each exactly once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.planning.instances import plan_instances
from deployer.planning.suspended import releases, skipped_instances
from deployer.stack_sets import OUS_PER_OPERATION, Instance, InstanceKey
from deployer.targets import Coverage, Scope
from tests.deployer.planning.test_instances import state
from tests.deployer.test_targets import REGIONS, coverages, scopes


@st.composite
def found_instances(draw: st.DrawFn, coverage: Coverage) -> dict[InstanceKey, Instance]:
    """Any instances of any members: obsolete, outdated or current."""
    organization = coverage.organization
    members = sorted(organization.accounts.keys() - {organization.management_account_id})
    if not members:
        return {}
    keys = draw(st.sets(st.tuples(st.sampled_from(members), st.sampled_from(REGIONS))))
    ous = st.sampled_from(sorted(organization.ous))
    return {
        InstanceKey(account, region): Instance(
            account=account, region=region, ou_id=draw(ous), status=draw(st.sampled_from(["CURRENT", "OUTDATED"]))
        )
        for account, region in sorted(keys)
    }


@settings(max_examples=200, deadline=None)
@given(st.data(), st.booleans())
def test_no_operation_is_planned_for_an_account_that_is_not_active(data: st.DataObject, rewritten: bool) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    scope = data.draw(st.one_of(st.just(Scope.whole(organization)), scopes(organization)))
    there = data.draw(found_instances(coverage))
    plan = plan_instances(coverage, scope, state(there), rewritten=rewritten)
    inactive = {account.id for account in organization.accounts.values() if not account.is_active}
    planned = [key for one in (*plan.create, *plan.update, *plan.delete, *plan.withdraw) for key in one.instances]
    assert inactive.isdisjoint(key.account for key in planned)
    assert not plan.stranded
    in_scope = {key for key in there if scope.has_account(organization, key.account)}
    assert {one.key for one in plan.skipped} == {key for key in in_scope if key.account in inactive}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_skipped_instance_is_released_once_with_an_ou_or_its_account_as_the_target(
    data: st.DataObject,
) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    there = data.draw(found_instances(coverage))
    operations = releases(organization, state(there))
    released = Counter(key for one in operations for key in one.instances)
    assert released == Counter(one.key for one in skipped_instances(organization, there.values()))
    for one in operations:
        assert (one.action, one.retain_stacks, one.targets.account_filter) == ("DELETE", True, "INTERSECTION")
        assert len(one.targets.ou_ids) <= OUS_PER_OPERATION
        for account in one.targets.accounts:
            reported = {there[InstanceKey(account, region)].ou_id for region in one.regions}
            assert set(one.targets.ou_ids) & {*organization.account_chain(account), *reported}
