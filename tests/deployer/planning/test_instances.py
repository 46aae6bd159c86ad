"""Whatever exists, the planned operations lead to exactly the desired state, after which a plan is empty."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.planning.instances import InstancePlan, instances_of, plan_instances
from deployer.stack_sets import DeploymentTargets, Instance, InstanceKey, InstanceOperation, StackSetState
from deployer.targets import Coverage, Scope, desired_instances
from handler.inspection import Damage
from handler.resource_comparison import Addition
from tests.deployer.stack_set_rules import targeted
from tests.deployer.test_targets import REGIONS, coverage_of, coverages, region_sets, scopes


def state(instances: dict[InstanceKey, Instance], registered: dict[str, frozenset[str]] | None = None) -> StackSetState:
    return StackSetState(
        name="s",
        arn="arn:aws:cloudformation:eu-west-1:1:stackset/s:1",
        body="{}",
        description="",
        auto_deployment=True,
        retain_on_removal=False,
        auto_deployment_targets=registered or {},
        instances=tuple(instances.values()),
    )


class Cloud:
    """How AWS performs the operations. Whether a filtered deletion ends auto-deployment is assumption A3."""

    def __init__(self, coverage: Coverage, *, filtered_delete_unregisters: bool) -> None:
        self.organization = coverage.organization
        self.filtered_delete_unregisters = filtered_delete_unregisters
        self.instances: dict[InstanceKey, Instance] = {}
        self.registered: dict[str, frozenset[str]] = {}

    def apply(self, plan: InstancePlan) -> None:
        for operation in (*plan.withdraw, *plan.create, *plan.update, *plan.delete):
            self.operate(operation)

    def operate(self, operation: InstanceOperation) -> None:
        keys = targeted(self.organization, operation, self.instances, self.registered)
        whole = operation.targets.account_filter == "NONE" or (
            self.filtered_delete_unregisters and operation.targets.account_filter == "DIFFERENCE"
        )
        for ou_id in operation.targets.ou_ids:
            before = self.registered.get(ou_id, frozenset())
            if operation.action == "CREATE":
                self.registered[ou_id] = before.union(operation.regions)
            elif operation.action == "DELETE" and whole:
                self.registered[ou_id] = before.difference(operation.regions)
        for key, ou_id in keys.items():
            if operation.action == "DELETE":
                self.instances.pop(key, None)
            else:
                new = Instance(account=key.account, region=key.region, ou_id=ou_id, status="CURRENT")
                self.instances[key] = replace(self.instances.get(key, new), status="CURRENT")

    def state(self) -> StackSetState:
        return state(self.instances, self.registered)


@settings(max_examples=400, deadline=None)
@given(st.data(), st.booleans())
def test_from_any_earlier_state_one_plan_leads_to_the_desired_one_and_a_second_is_empty(
    data: st.DataObject, filtered: bool
) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    earlier = Coverage(
        organization=organization,
        ous={ou_id: data.draw(region_sets) for ou_id in organization.ous},
        accounts={account_id: data.draw(region_sets) for account_id in organization.accounts},
    )
    cloud = Cloud(coverage, filtered_delete_unregisters=filtered)
    scope = data.draw(st.one_of(st.just(Scope.whole(organization)), scopes(organization)))
    cloud.apply(plan_instances(earlier, scope, cloud.state(), rewritten=False))
    assert cloud.instances.keys() == desired_instances(earlier, scope)

    for key in data.draw(st.sets(st.sampled_from(sorted(cloud.instances)))) if cloud.instances else ():
        old = cloud.instances[key]
        cloud.instances[key] = Instance(account=old.account, region=old.region, ou_id=old.ou_id, status="OUTDATED")
    for key in data.draw(st.sets(st.sampled_from(sorted(cloud.instances)))) if cloud.instances else ():
        del cloud.instances[key]

    everything = Scope.whole(organization)
    first = plan_instances(coverage, everything, cloud.state(), rewritten=False)
    before = dict(cloud.instances)
    cloud.apply(first)
    assert cloud.instances.keys() == desired_instances(coverage, everything)
    assert all(instance.is_current for instance in cloud.instances.values())
    for operation in (*first.create, *first.delete):
        assert all((key in before) == (operation.action == "DELETE") for key in operation.instances)
    assert plan_instances(coverage, everything, cloud.state(), rewritten=False).is_empty


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_scoped_plan_changes_nothing_outside_its_scope(data: st.DataObject) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    scope = data.draw(scopes(organization))
    cloud = Cloud(coverage, filtered_delete_unregisters=True)
    for account in organization.accounts.values():
        if coverage.targetable(account) and data.draw(st.booleans()):
            key = InstanceKey(account.id, data.draw(st.sampled_from(REGIONS)))
            ou_id = data.draw(st.sampled_from(organization.account_chain(key.account)))
            cloud.instances[key] = Instance(account=key.account, region=key.region, ou_id=ou_id, status="CURRENT")
    outside = {key for key in cloud.instances if not scope.has_account(organization, key.account)}
    cloud.apply(plan_instances(coverage, scope, cloud.state(), rewritten=False))
    inside = desired_instances(coverage, scope)
    assert cloud.instances.keys() == outside | inside


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_exactly_the_damaged_instances_of_the_scope_are_deleted_and_created_again(data: st.DataObject) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    everything, scope = Scope.whole(organization), data.draw(scopes(organization))
    cloud = Cloud(coverage, filtered_delete_unregisters=True)
    cloud.apply(plan_instances(coverage, everything, cloud.state(), rewritten=False))
    before = dict(cloud.instances)
    chosen = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
    blocked = data.draw(st.sets(st.sampled_from(sorted(chosen)))) if chosen else set()
    damaged = {
        key: Damage(
            problems=("x",),
            additions=(Addition("a policy was added", "aws iam …"),) if key in blocked else (),
            is_stack_gone=data.draw(st.booleans()),
        )
        for key in chosen
    }

    plan = plan_instances(coverage, scope, cloud.state(), rewritten=False, damaged=damaged)
    assert plan.repaired == (chosen - blocked) & desired_instances(coverage, scope)
    assert plan.blocked == blocked & desired_instances(coverage, scope)
    assert instances_of(plan.withdraw) == plan.repaired == instances_of(plan.create)
    assert (plan.update, plan.delete) == ((), ())
    for operation in plan.withdraw:
        assert {damaged[key].is_stack_gone for key in operation.instances} == {operation.retain_stacks}
    cloud.apply(plan)
    assert cloud.instances.keys() == before.keys()


@pytest.mark.parametrize("rewritten", [True, False])
def test_a_changed_stack_set_updates_its_instances(rewritten: bool) -> None:

    coverage = coverage_of({"ou-b": "x"})
    there = {
        InstanceKey(name, "x"): Instance(account=name, region="x", ou_id="ou-b", status="OUTDATED")
        for name in ("b1", "b2")
    }
    everything = Scope.whole(coverage.organization)
    plan = plan_instances(coverage, everything, state(there, {"ou-b": frozenset({"x"})}), rewritten=rewritten)
    expected = InstanceOperation(
        action="UPDATE",
        targets=DeploymentTargets(ou_ids=("ou-b",), accounts=("b1", "b2"), account_filter="INTERSECTION"),
        regions=("x",),
        instances=tuple(sorted(there)),
    )
    assert plan.update == (() if rewritten else (expected,))
    assert plan.unchanged == 0


def test_instances_of_suspended_and_departed_accounts_are_reported_and_not_changed() -> None:

    coverage = coverage_of({"ou-b": "x"})
    there = {
        InstanceKey(name, "x"): Instance(account=name, region="x", ou_id="ou-d", status="CURRENT")
        for name in ("b1", "b2", "d2", "gone")
    }
    everything = Scope.whole(coverage.organization)
    plan = plan_instances(coverage, everything, state(there, {"ou-b": frozenset({"x"})}), rewritten=False)
    assert plan.is_empty
    assert [instance.account for instance in plan.stranded] == ["gone"]
    assert [instance.account for instance in plan.skipped] == ["d2"]
