"""Registries end with the content that their OUs configure, whatever fails or stops on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer.organization import Organization
from deployer.planning.families import DesiredStackSet, Family, siblings_of, with_retired
from deployer.planning.instances import InstancePlan, plan_instances
from deployer.stack_sets import Instance, InstanceKey, InstanceOperation, StackSetDefinition, StackSetState
from deployer.targets import Coverage, Scope, desired_instances
from tests.deployer.stack_set_rules import targeted
from tests.deployer.test_targets import coverage_of, organizations, region_sets

FAMILY = Family(prefix="p-scan-", afterwards="the default")
NAMES = tuple(f"p-scan-{digit * 8}" for digit in "abc")


class Registries:
    """What AWS does: each StackSet's instances, and the one content that each registry has in the end."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.instances: dict[str, dict[InstanceKey, Instance]] = {name: {} for name in NAMES}
        self.registered: dict[str, dict[str, frozenset[str]]] = {name: {} for name in NAMES}
        self.effect: dict[InstanceKey, str] = {}
        self.stuck: frozenset[InstanceKey] = frozenset()
        """Where nothing can be deleted."""

    def put(self, name: str, key: InstanceKey, ou_id: str | None = None) -> None:
        ou_id = ou_id or self.organization.accounts[key.account].parent_id
        if key not in self.instances[name]:  # an update without changes does nothing
            self.effect[key] = name
        self.instances[name][key] = Instance(account=key.account, region=key.region, ou_id=ou_id, status="CURRENT")

    def operate(self, name: str, operation: InstanceOperation) -> None:
        found = targeted(self.organization, operation, self.instances[name], self.registered[name])
        for ou_id in operation.targets.ou_ids:
            before = self.registered[name].get(ou_id, frozenset())
            if operation.action == "CREATE":
                self.registered[name][ou_id] = before.union(operation.regions)
            elif operation.targets.account_filter == "NONE":
                self.registered[name][ou_id] = before.difference(operation.regions)
        for key, ou_id in found.items():
            if operation.action == "CREATE":
                self.put(name, key, ou_id)
            elif key in self.instances[name] and key not in self.stuck:
                del self.instances[name][key]
                self.effect.pop(key, None)

    def state(self, name: str) -> StackSetState:
        return StackSetState(
            name=name,
            arn=f"arn:aws:cloudformation:eu-west-1:1:stackset/{name}:1",
            body="{}",
            description="",
            auto_deployment=True,
            retain_on_removal=False,
            auto_deployment_targets=self.registered[name],
            instances=tuple(self.instances[name].values()),
        )


def _desired(name: str, coverage: Coverage) -> DesiredStackSet:
    definition = StackSetDefinition(name=name, description="", body="{}")
    return DesiredStackSet(definition=definition, coverage=coverage, family=FAMILY)


def _plans(registries: Registries, desired_sets: tuple[DesiredStackSet, ...]) -> dict[str, InstancePlan]:
    scope = Scope.whole(registries.organization)
    found = {name: registries.state(name) for name in NAMES}
    every = with_retired(desired_sets, [FAMILY], found, registries.organization)
    return {
        one.definition.name: plan_instances(
            one.coverage,
            scope,
            found[one.definition.name],
            rewritten=False,
            siblings=siblings_of(one, every, scope, found),
        )
        for one in every
    }


def _roll_out(
    registries: Registries, desired_sets: tuple[DesiredStackSet, ...], *, stop_after: int | None = None
) -> int:
    """In the order of `deployer.rollout.execution`; how many operations there were."""
    plans = _plans(registries, desired_sets)
    operations = [
        (name, operation)
        for phase in ("withdraw", "delete", "create")
        for name, plan in plans.items()
        for operation in getattr(plan, phase)
    ]
    for name, operation in operations[:stop_after]:
        registries.operate(name, operation)
    return len(operations)


@st.composite
def _contents(draw: st.DrawFn, organization: Organization) -> tuple[DesiredStackSet, ...]:
    """Each OU configures one of the contents or none, in some regions; some accounts differ."""
    choice = st.sampled_from([*NAMES, None])
    ous = {ou_id: (draw(choice), draw(region_sets)) for ou_id in organization.ous}
    accounts = {
        account.id: (draw(choice), draw(region_sets)) if draw(st.integers(0, 3)) == 0 else ous[account.parent_id]
        for account in organization.accounts.values()
    }
    return tuple(
        _desired(
            name,
            Coverage(
                organization=organization,
                ous={id_: regions for id_, (content, regions) in ous.items() if content == name},
                accounts={id_: regions for id_, (content, regions) in accounts.items() if content == name},
            ),
        )
        for name in NAMES
        if any(content == name for content, _ in [*ous.values(), *accounts.values()])
    )


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_whatever_fails_or_stops_every_registry_ends_with_its_own_content(data: st.DataObject) -> None:
    organization = data.draw(organizations())
    everything = Scope.whole(organization)
    registries = Registries(organization)
    _roll_out(registries, data.draw(_contents(organization)))

    keys = sorted(key for instances in registries.instances.values() for key in instances)
    for key in data.draw(st.sets(st.sampled_from(keys))) if keys else ():
        registries.put(data.draw(st.sampled_from(NAMES)), key)  # as when an account moved, or an OU has new ones
    registries.stuck = frozenset(data.draw(st.sets(st.sampled_from(keys)))) if keys else frozenset()

    desired_sets = data.draw(_contents(organization))
    for _ in range(data.draw(st.integers(0, 3))):
        _roll_out(registries, desired_sets, stop_after=data.draw(st.integers(0, 6)))
    registries.stuck = frozenset()
    _roll_out(registries, desired_sets)

    desired = {key: one.definition.name for one in desired_sets for key in desired_instances(one.coverage, everything)}
    assert registries.effect == desired
    assert {key: name for name in NAMES for key in registries.instances[name]} == desired
    assert all(plan.is_empty for plan in _plans(registries, desired_sets).values())


def _key(account: str) -> InstanceKey:
    return InstanceKey(account, "x")


def test_moved_registries_do_not_count_as_deletions() -> None:
    registries = Registries(coverage_of({}).organization)
    for account in ("b1", "b2", "c1"):
        registries.put(NAMES[0], _key(account))
    plans = _plans(registries, (_desired(NAMES[1], coverage_of({"ou-b": "x"})),))
    assert plans[NAMES[0]].moving == {_key("b1"), _key("b2")}
    assert plans[NAMES[0]].deletions == 1
    assert not plans[NAMES[1]].withdraw


def test_if_two_exist_the_desired_one_is_created_again() -> None:
    registries = Registries(coverage_of({}).organization)
    registries.put(NAMES[0], _key("b1"))
    registries.put(NAMES[1], _key("b1"))
    registries.put(NAMES[1], _key("b2"))
    plan = _plans(registries, (_desired(NAMES[1], coverage_of({"ou-b": "x"})),))[NAMES[1]]
    assert [operation.instances for operation in plan.withdraw] == [(_key("b1"),)]
    assert {key for operation in plan.create for key in operation.instances} == {_key("b1")}
    assert plan.unchanged == 1
    assert plan.deletions == 0


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("p-scan-0123abcd", True),
        ("p-scan-0123abcd-x", False),
        ("p-scan-0123abcg", False),
        ("p-scan-other", False),
        ("xp-scan-0123abcd", False),
    ],
)
def test_a_name_shows_whether_a_stack_set_belongs_to_the_family(name: str, belongs: bool) -> None:
    assert FAMILY.has(name) is belongs
