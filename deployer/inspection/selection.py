"""Which stack instances an inspection reads: those that a roll-out would leave unchanged. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.inspection.inspecting import Inspected
from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan, StackSetPlan
from deployer.planning.states import ActualState
from deployer.stack_sets import Instance, InstanceKey

OLD_ROLES = "its roles are not as the config files define them yet: run `deployer rollout`, then inspect again"
_CANDIDATES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to read, what cannot be read yet and why, and accounts outside of it with the auditor role."""

    inspected: tuple[Inspected, ...]
    unread: Mapping[InstanceKey, str]
    others: tuple[str, ...]


def select(plan: Plan, actual: ActualState, *, access: str) -> Selection:
    """Desired instances that are CURRENT and unchanged; `access` is the StackSet that has the auditor role.

    A roll-out changes the others anyway. An account whose roles it changes cannot be read before.
    """
    unchanged = {
        one.definition.name: _unchanged(one, actual)
        for one in plan.stack_sets
        if one.definition.name in actual.stack_sets
    }
    readable = {key.account for key in unchanged.get(access, ())}
    chosen: list[Inspected] = []
    unread: dict[InstanceKey, str] = {}
    for one in plan.stack_sets:
        name = one.definition.name
        for key in sorted(unchanged.get(name, ())):
            if key.account not in readable:
                unread[key] = OLD_ROLES
                continue
            instance = unchanged[name][key]
            chosen.append(
                Inspected(stack_set=name, body=one.definition.body, instance=instance, has_roles=name == access)
            )
    others = (
        []
        if access not in actual.stack_sets
        else [
            one.account for one in actual.stack_sets[access].instances if one.is_current and one.account not in readable
        ]
    )
    return Selection(inspected=tuple(chosen), unread=unread, others=tuple(others[:_CANDIDATES]))


def _unchanged(plan: StackSetPlan, actual: ActualState) -> dict[InstanceKey, Instance]:
    if plan.change != "unchanged":
        return {}
    recreated = instances_of(plan.instances.withdraw)
    return {
        one.key: one
        for one in actual.stack_sets[plan.definition.name].instances
        if one.is_current and one.key in plan.instances.desired and one.key not in recreated
    }
