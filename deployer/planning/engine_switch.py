"""Creations before the central stack changes: creation templates of OUs that are switched to `engine: native`. Pure.

A registry gets its creation templates first, then the handler the new settings, so that every push is served by one of
them at every moment. Back to the engine `handler` it is the other way around: removals come after the central stack.
Both hold only if the handler serves there already: otherwise, or if the same roll-out changes its roles or its
forwarding, these come first, so that every creation is recorded. They never change before the central stack: they may
lose a permission that the handler still needs for the old settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from deployer.planning.instances import InstancePlan, instances_of
from deployer.planning.plan import Plan, StackPlan, StackSetPlan
from deployer.stack_sets import InstanceKey


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
    companions = _early_companions(plan)
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
            yield replace(one, instances=InstancePlan(create=creations, desired=one.instances.desired))


def _served(stack_set: StackSetPlan, plan: Plan) -> frozenset[InstanceKey]:
    """Accounts and regions whose events reach the handler already, by the StackSets on which this one depends."""
    forwarding = _named(stack_set.definition.depends_on, plan)
    roles = _named([name for one in forwarding for name in one.definition.depends_on], plan)
    is_ready = plan.central.change in {"unchanged", "update"} and bool(forwarding)
    if not is_ready or any(one.change != "unchanged" for one in (*forwarding, *roles)):
        return frozenset()
    served = frozenset.intersection(*(one.instances.desired for one in forwarding))
    without_role = {key.account for one in roles for key in _changed(one)}
    return frozenset(key for key in served.difference(*map(_changed, forwarding)) if key.account not in without_role)


def _changed(stack_set: StackSetPlan) -> frozenset[InstanceKey]:
    instances = stack_set.instances
    return instances_of((*instances.create, *instances.update, *instances.withdraw))


def _named(names: Iterable[str], plan: Plan) -> tuple[StackSetPlan, ...]:
    found = {one.definition.name: one for one in plan.stack_sets}
    return tuple(found[name] for name in names if name in found)


def _rest(stack_set: StackSetPlan, early: StackSetPlan | None) -> StackSetPlan:
    if early is None:
        return stack_set
    left = tuple(one for one in stack_set.instances.create if one not in early.instances.create)
    return replace(stack_set, change="unchanged", instances=replace(stack_set.instances, create=left))


def _early_companions(plan: Plan) -> tuple[StackPlan, ...]:
    """New stacks of templates in the management account, if the handler serves there."""
    new = [one for one in plan.companions if one.change == "create" and one.key.name in plan.early_companions]
    others = [one for one in plan.companions if one.key.name not in plan.early_companions]
    is_served = plan.central.change in {"unchanged", "update"} and all(one.change == "unchanged" for one in others)
    return tuple(new) if is_served else ()
