"""Keeps what is planned during a roll-out within the plan that a person approved. Pure.

Waves and retries plan again, from the state that they find. None of them may change what the approved plan does not
name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from deployer.errors import PlanOutdatedError
from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan, StackSetPlan
from deployer.stack_sets import InstanceKey


class InstanceChange(NamedTuple):
    """One stack instance that a plan changes, and how."""

    stack_set: str
    action: Literal["create", "update", "delete"]
    key: InstanceKey


def instance_changes(plan: Plan) -> frozenset[InstanceChange]:
    """Every stack instance that a plan changes; one that is deleted and created again has both."""
    return frozenset(change for one in plan.stack_sets for change in _changes(one))


def check_within(plan: Plan, approved: Plan) -> Plan:
    """The plan; raises PlanOutdatedError if it changes anything that the approved plan does not."""
    outside = next(_outside(plan, approved), None)
    if outside is not None:
        raise PlanOutdatedError(
            f"The state of AWS changed during the roll-out: {outside} is not in the plan file. It was not changed",
            next_step="Plan again with `deployer plan --out FILE`, then roll that out.",
        )
    return plan


def _outside(plan: Plan, approved: Plan) -> Iterator[str]:
    stacks = {(stack.key, stack.change == "delete") for stack in approved.stacks if stack.change != "unchanged"}
    for stack in plan.stacks:
        if stack.change != "unchanged" and (stack.key, stack.change == "delete") not in stacks:
            yield f"a change of stack {stack.key.name} in {stack.key.region}"
    if plan.uploads_bundle and not approved.uploads_bundle:
        yield "an upload of the handler"
    stack_sets = {one.definition.name for one in approved.stack_sets if one.change != "unchanged"}
    for one in plan.stack_sets:
        if one.change != "unchanged" and one.definition.name not in stack_sets:
            yield f"a change of StackSet {one.definition.name}"
    allowed = instance_changes(approved)
    again = {(one.stack_set, one.key) for one in allowed if one.action == "create"}
    for change in sorted(instance_changes(plan) - allowed):
        if change.action == "update" and (change.stack_set, change.key) in again:
            continue  # it was created by now, and not successfully
        yield f"to {change.action} the stack instance of {change.key.account} in {change.key.region}"


def _changes(plan: StackSetPlan) -> Iterator[InstanceChange]:
    name, instances = plan.definition.name, plan.instances
    created = instances_of(instances.create)
    updated = instances_of(instances.update) | (instances.desired - created if plan.rewritten else frozenset())
    updated = instances_of(plan.only) | updated if plan.only and plan.rewritten else updated
    yield from (InstanceChange(name, "create", key) for key in created)
    yield from (InstanceChange(name, "update", key) for key in updated)
    yield from (
        InstanceChange(name, "delete", key) for key in instances_of(instances.delete) | instances_of(instances.withdraw)
    )
