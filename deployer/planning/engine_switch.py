"""Creations before the central stack changes: creation templates of OUs that are switched to `engine: native`. Pure.

A registry gets its creation templates first, then the handler the new settings, so that every push is served by one of
them at every moment. Back to the engine `handler` it is the other way around: removals come after the central stack.
Both hold only where the handler serves already: elsewhere, its own resources come first, so that every creation is
recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deployer.planning.instances import instances_of
from deployer.planning.plan import Plan, StackPlan, StackSetPlan
from deployer.stack_sets import InstanceKey, InstanceOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """A plan in the order in which it is carried out."""

    early: tuple[StackSetPlan, ...]
    early_companions: tuple[StackPlan, ...]
    stack_sets: tuple[StackSetPlan, ...]
    """What is left of each StackSet after the central stack."""
    companions: tuple[StackPlan, ...]


def phases(plan: Plan) -> Phases:
    """Split a plan into what comes before the central stack, and what comes after it."""
    early = {one.definition.name: one for one in _early(plan)}
    companions = tuple(one for one in plan.companions if _is_early_companion(one, plan))
    return Phases(
        early=tuple(early.values()),
        early_companions=companions,
        stack_sets=tuple(_rest(one, early.get(one.definition.name)) for one in plan.stack_sets),
        companions=tuple(one for one in plan.companions if one not in companions),
    )


def _early(plan: Plan) -> Iterator[StackSetPlan]:
    leaving = frozenset[InstanceKey]().union(
        *(instances_of((*one.instances.delete, *one.instances.withdraw)) for one in plan.stack_sets if one.family)
    )
    for one in plan.stack_sets:
        if one.family is None or not one.family.before_central or one.change not in {"create", "unchanged"}:
            continue
        served = _served(one, plan) - leaving
        creations = tuple(
            operation
            for operation in one.instances.create
            if operation.instances and served.issuperset(operation.instances)
        )
        if creations:
            yield replace(one, instances=replace(one.instances, create=creations, update=(), delete=(), withdraw=()))


def _served(stack_set: StackSetPlan, plan: Plan) -> frozenset[InstanceKey]:
    """Accounts and regions whose events reach the handler already, by the StackSets on which this one depends."""
    if plan.central.change not in {"unchanged", "update"}:
        return frozenset()
    names = set(stack_set.definition.depends_on)
    found = [one for one in plan.stack_sets if one.definition.name in names]
    if len(found) < len(names) or any(one.change != "unchanged" for one in plan.stack_sets if one.family is None):
        return frozenset()
    changed = (instances_of((*one.instances.create, *one.instances.update, *one.instances.withdraw)) for one in found)
    served = frozenset.intersection(*(one.instances.desired for one in found)) if found else frozenset()
    return served.difference(*changed)


def _rest(stack_set: StackSetPlan, early: StackSetPlan | None) -> StackSetPlan:
    if early is None:
        return stack_set
    instances = stack_set.instances
    left: tuple[InstanceOperation, ...] = tuple(one for one in instances.create if one not in early.instances.create)
    return replace(stack_set, change="unchanged", instances=replace(instances, create=left))


def _is_early_companion(stack: StackPlan, plan: Plan) -> bool:
    """A new stack of the management account, in a region that the handler serves already."""
    if stack.change != "create" or stack.key.name not in plan.early_companions:
        return False
    others = [one for one in plan.companions if one.key.name not in plan.early_companions]
    is_served = all(one.change == "unchanged" for one in others)
    return plan.central.change in {"unchanged", "update"} and is_served
