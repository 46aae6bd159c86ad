"""Creations before the central stack changes: creation templates of OUs that are switched to `engine: native`. Pure.

A registry gets its creation templates first, then the handler the new settings, so that every push is served by one of
them at every moment. Back to the engine `handler` it is the other way around: removals come after the central stack.
Both hold only if the handler serves there already: otherwise, its own resources come first, so that every creation is
recorded. Roles that gain a permission for such repositories come before the templates.
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
    templates = tuple(_early_templates(plan))
    if templates:
        yield from (_additions(one) for one in _roles_of(templates[0], plan))
    yield from templates


def _early_templates(plan: Plan) -> Iterator[StackSetPlan]:
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
            yield replace(_additions(one), instances=InstancePlan(create=creations, desired=one.instances.desired))


def _additions(stack_set: StackSetPlan) -> StackSetPlan:
    return replace(stack_set, instances=replace(stack_set.instances, delete=(), withdraw=()))


def _served(stack_set: StackSetPlan, plan: Plan) -> frozenset[InstanceKey]:
    """Accounts and regions whose events reach the handler already, by the StackSets on which this one depends.

    Roles may change, as they do for the first native OU, if those of all accounts exist.
    """
    forwarding = _named(stack_set.definition.depends_on, plan)
    roles = _roles_of(stack_set, plan)
    is_ready = (
        plan.central.change in {"unchanged", "update"}
        and bool(forwarding)
        and all(one.change == "unchanged" for one in forwarding)
        and all(one.change in {"unchanged", "update"} and not one.instances.withdraw for one in roles)
    )
    if not is_ready:
        return frozenset()
    changed = ((*one.instances.create, *one.instances.update, *one.instances.withdraw) for one in forwarding)
    served = frozenset.intersection(*(one.instances.desired for one in forwarding))
    return served.difference(*map(instances_of, changed))


def _roles_of(stack_set: StackSetPlan, plan: Plan) -> tuple[StackSetPlan, ...]:
    """The StackSets on which those depend that a StackSet depends on."""
    forwarding = _named(stack_set.definition.depends_on, plan)
    return _named([name for one in forwarding for name in one.definition.depends_on], plan)


def _named(names: Iterable[str], plan: Plan) -> tuple[StackSetPlan, ...]:
    found = {one.definition.name: one for one in plan.stack_sets}
    return tuple(found[name] for name in names if name in found)


def _rest(stack_set: StackSetPlan, early: StackSetPlan | None) -> StackSetPlan:
    if early is None:
        return stack_set
    done, instances = early.instances, stack_set.instances
    left = tuple(one for one in instances.create if one not in done.create)
    outdated = tuple(one for one in instances.update if one not in done.update)
    return replace(stack_set, change="unchanged", instances=replace(instances, create=left, update=outdated))


def _early_companions(plan: Plan) -> tuple[StackPlan, ...]:
    """New stacks of templates in the management account, after updates of the others, if the handler serves there."""
    new = [one for one in plan.companions if one.change == "create" and one.key.name in plan.early_companions]
    others = [one for one in plan.companions if one.key.name not in plan.early_companions]
    is_served = all(one.change in {"unchanged", "update"} for one in (plan.central, *others))
    return tuple(one for one in (*others, *new) if one.change != "unchanged") if new and is_served else ()
