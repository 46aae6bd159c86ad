"""No operation names an account, region or OU that AWS would refuse, whatever exists and whatever is rolled out.

`tests.deployer.stack_set_rules` refuses in the place of AWS.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.bundle import Bundle
from deployer.organization import Organization
from deployer.planning.comparison import make_plan
from deployer.planning.families import DesiredStackSet
from deployer.planning.plan import Plan, StackSetPlan
from deployer.planning.states import DesiredState
from deployer.planning.target_operations import group_accounts
from deployer.rollout.actual_state import read_actual_state
from deployer.rollout.destroy import destroy, plan_removal
from deployer.rollout.execution import ExecutionOptions, roll_out
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import InstanceKey, StackSetDefinition
from deployer.stacks import StackDefinition, StackState
from deployer.targets import AccountTarget, Coverage, Scope, desired_instances
from deployer.waves import plan_waves
from handler.settings_file import VERSION
from tests.deployer.rollout.fake_cloud import FakeCloud, Kept
from tests.deployer.test_targets import coverage_of, coverages, region_sets, scopes

NAME = "s"
SETTINGS = json.dumps(
    {
        "version": VERSION,
        "organization": {"id": "o-1", "ous": {}, "accounts": {}},
        "defaults": {},
        "ous": {},
        "accounts": {},
        "documents": {},
    }
).encode()
BUNDLE = Bundle(data=b"", digest="0" * 64, settings_digest="0" * 64)
STACKS = [StackDefinition(name=name, region="eu-west-1", body="{}") for name in ("artifacts", "central")]


class World:
    """An organization in which one StackSet is rolled out."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.fake = FakeCloud(organization)
        self.fake.artifacts.there[BUNDLE.key] = BUNDLE.data
        for stack in STACKS:
            state = StackState(name=stack.name, region=stack.region, status="CREATE_COMPLETE", body=stack.body)
            self.fake.stacks.there[stack.name, stack.region] = state

    @property
    def bodies(self) -> dict[InstanceKey, str]:
        """The template of each instance."""
        return {key: body for (_, key), body in self.fake.stack_sets.bodies.items()}

    def desired(self, coverage: Coverage, scope: Scope, template: str) -> DesiredState:
        definition = StackSetDefinition(name=NAME, description="", body=json.dumps({"Description": template}))
        return DesiredState(
            organization=self.organization,
            scope=scope,
            artifacts=STACKS[0],
            bundle_key=BUNDLE.key,
            settings_json=SETTINGS,
            central=STACKS[1],
            stack_sets=(DesiredStackSet(definition=definition, coverage=coverage),),
            covered=coverage,
        )

    def plan(self, desired: DesiredState) -> Plan:
        return make_plan(desired, read_actual_state(desired, self.fake.cloud))

    def roll_out(self, desired: DesiredState, waves: list[list[str]] | None = None) -> RolloutResult:
        options = ExecutionOptions(
            waves=plan_waves(waves or [], self.organization, desired.scope),
            plan_in=lambda scope: self.plan(replace(desired, scope=scope)),
        )
        return roll_out(self.plan(desired), BUNDLE, self.fake.cloud, lambda _: None, options=options)

    def disturb(self, data: st.DataObject) -> None:
        """The effects of failures, people and auto-deployment: missing instances, and instances that are OUTDATED."""
        state = self.fake.stack_sets.there[NAME]
        keys = sorted(one.key for one in state.instances)
        gone, old = (data.draw(st.sets(st.sampled_from(keys)) if keys else st.just(set())) for _ in range(2))
        left = tuple(one for one in state.instances if one.key not in gone)
        instances = tuple(replace(one, status="OUTDATED") if one.key in old else one for one in left)
        self.fake.stack_sets.there[NAME] = replace(state, instances=instances)
        for key in gone:
            del self.fake.stack_sets.bodies[NAME, key]


def _scope(data: st.DataObject, organization: Organization) -> Scope:
    chosen = data.draw(st.one_of(st.just(Scope.whole(organization)), scopes(organization)))
    regions = data.draw(st.none() | region_sets.filter(bool))
    return replace(chosen, regions=regions)


def _coverage(data: st.DataObject, organization: Organization) -> Coverage:
    return Coverage(
        organization=organization,
        ous={ou_id: data.draw(region_sets) for ou_id in organization.ous},
        accounts={account_id: data.draw(region_sets) for account_id in organization.accounts},
    )


def _waves(data: st.DataObject, organization: Organization) -> list[list[str]]:
    names = st.sampled_from([*sorted(organization.ous), *sorted(organization.accounts), "*"])
    drawn = data.draw(st.lists(names, unique=True, max_size=4))
    return [[name] for name in drawn]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_operation_names_only_existing_instances_and_the_whole_scope_gets_the_new_template(
    data: st.DataObject,
) -> None:
    coverage = data.draw(coverages())
    organization = coverage.organization
    world = World(organization)
    for _ in range(data.draw(st.integers(1, 4))):
        scope, before = _scope(data, organization), world.bodies
        desired = world.desired(coverage, scope, data.draw(st.sampled_from("ab")))
        planned = world.plan(desired).updates
        outcome = world.roll_out(desired, _waves(data, organization))
        assert outcome.exit_code == 0, outcome
        body = desired.stack_sets[0].definition.body
        inside = {key: found for key, found in world.bodies.items() if scope.has(organization, key)}
        assert inside == dict.fromkeys(desired_instances(coverage, scope), body)
        outside = {key: found for key, found in before.items() if not scope.has(organization, key)}
        assert {key: found for key, found in world.bodies.items() if key not in inside} == outside
        assert (outcome.created, outcome.updated) == (len(inside.keys() - before.keys()), planned)
        assert world.plan(desired).stack_sets[0].instances.update == ()
        world.disturb(data)
        if data.draw(st.booleans()):
            coverage = _coverage(data, organization)
    desired = world.desired(coverage, Scope.whole(organization), "a")
    removal = plan_removal(
        desired, read_actual_state(desired, world.fake.cloud), bucket=False, ledger=False, delete_ledger=False
    )
    assert destroy(removal, world.fake.cloud, lambda _: None, bucket=Kept(), ledger=Kept()).exit_code == 0
    assert world.fake.stack_sets.there == {}


EVERYWHERE = coverage_of({"ou-a": "x", "ou-b": "x y", "ou-c": "x", "ou-d": "x"})


def _of(*ou_ids: str, accounts: tuple[str, ...] = (), regions: str = "") -> Scope:
    return Scope(
        ou_ids=frozenset(ou_ids),
        account_ids=frozenset(accounts),
        regions=frozenset(regions.split()) if regions else None,
    )


def _planned(first: Scope, second: Scope, coverage: Coverage = EVERYWHERE) -> StackSetPlan:
    """The plan of a new template for one scope, after the old one was rolled out in another."""
    world = World(coverage.organization)
    assert world.roll_out(world.desired(coverage, first, "a")).exit_code == 0
    desired = world.desired(coverage, second, "b")
    (found,) = world.plan(desired).stack_sets
    assert world.roll_out(desired).exit_code == 0
    return found


def test_a_scope_without_instances_starts_with_one_creation_that_the_update_then_names() -> None:
    found = _planned(_of("ou-b"), _of("ou-c"))
    assert found.creates_first
    assert found.only is not None
    (only,) = found.only
    first, *rest = found.instances.create
    assert (only.action, first.action, only.targets) == ("UPDATE", "CREATE", first.targets)
    assert first.instances == only.instances == (InstanceKey("c1", "x"),)
    assert first.targets.ou_ids == ("ou-c",)
    assert [one.instances for one in rest] == [(InstanceKey("d1", "x"),)]


def test_missing_instances_are_created_after_the_update_of_existing_ones() -> None:
    found = _planned(_of(accounts=("b1",), regions="x"), _of("ou-b"))
    assert not found.creates_first
    assert found.only is not None
    assert [one.instances for one in found.only] == [(InstanceKey("b1", "x"),)]
    created = {key for one in found.instances.create for key in one.instances}
    assert created == {InstanceKey("b1", "y"), InstanceKey("b2", "x"), InstanceKey("b2", "y")}


def test_accounts_with_different_regions_are_updated_in_exact_groups() -> None:
    found = _planned(_of("r-1"), _of("ou-a", accounts=("b1",), regions="x y"))
    assert found.only is not None
    groups = {(one.targets.accounts, one.regions) for one in found.only}
    assert groups == {(("a1", "b1", "b2", "c1", "d1"), ("x",)), (("b1", "b2"), ("y",))}


def test_the_target_is_the_ou_that_the_instance_was_deployed_by_and_none_above_or_below_it() -> None:
    coverage = coverage_of({"ou-a": "x", "ou-b": "x", "ou-c": "x", "ou-d": "x"})
    found = _planned(_of("ou-a"), _of("ou-d", accounts=("b1",)), coverage)
    assert found.only is not None
    assert [one.targets.ou_ids for one in found.only] == [("ou-a",)]


def test_nested_ous_are_never_named_together() -> None:
    world = World(EVERYWHERE.organization)
    for scope in (_of("ou-d"), _of("ou-a")):
        assert world.roll_out(world.desired(EVERYWHERE, scope, "a")).exit_code == 0
    (found,) = world.plan(world.desired(EVERYWHERE, _of("ou-a"), "b")).stack_sets
    assert found.only is not None
    named = [one.targets.ou_ids for one in found.only]
    assert ("ou-d",) in named
    assert ("ou-a",) in named


@pytest.mark.parametrize("count", [999, 1000, 1001, 2500])
def test_no_operation_names_more_than_a_thousand_accounts(count: int) -> None:
    targets = [
        AccountTarget(account=f"{number:012}", ou_id=f"ou-{number // 1500}", regions=frozenset({"x"}))
        for number in range(count)
    ]
    found = group_accounts(targets, lambda ou_id: (ou_id,))
    assert max(len(one.targets.accounts) for one in found) <= 1000
    assert sorted(account for one in found for account in one.targets.accounts) == [one.account for one in targets]


def test_the_failure_of_the_first_account_does_not_prevent_the_creation_of_the_others() -> None:
    world = World(EVERYWHERE.organization)
    assert world.roll_out(world.desired(EVERYWHERE, _of("ou-b"), "a")).exit_code == 0
    world.fake.stack_sets.stuck = {InstanceKey("c1", "x")}
    desired = world.desired(EVERYWHERE, _of("ou-c"), "b")
    outcome = world.roll_out(desired)
    assert (outcome.created, [one.account for one in outcome.failures], outcome.error) == (1, ["c1"], None)
    assert world.bodies[InstanceKey("d1", "x")] == desired.stack_sets[0].definition.body
    world.fake.stack_sets.stuck = set()
    assert world.roll_out(desired).exit_code == 0


def test_the_failure_of_one_group_does_not_prevent_the_update_of_the_next() -> None:
    world = World(EVERYWHERE.organization)
    assert world.roll_out(world.desired(EVERYWHERE, _of("r-1"), "a")).exit_code == 0
    stuck = {InstanceKey(account, "y") for account in ("b1", "b2")}
    world.fake.stack_sets.stuck = stuck
    outcome = world.roll_out(world.desired(EVERYWHERE, _of("ou-a", regions="x y"), "b"))
    assert (outcome.updated, outcome.error) == (5, None)
    assert {InstanceKey(one.account, one.region) for one in outcome.failures} == stuck
