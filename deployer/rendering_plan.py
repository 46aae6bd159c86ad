"""A plan as text of 80 columns and as JSON: what changes where, what is left out and why. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from deployer.operations import described
from deployer.organization import Organization
from deployer.planning import Change, Plan, StackPlan, StackSetPlan
from deployer.planning_instances import instances_of
from deployer.rendering_text import Line, Tone, account_name, account_names, counted, wrapped
from deployer.settings_changes import SettingsChange
from deployer.stack_sets import Instance, InstanceKey, InstanceOperation
from deployer.stacks import ResourceChange
from deployer.targets import Overreach

_SIGNS: dict[Change, tuple[str, Tone]] = {
    "create": ("+", "add"),
    "update": ("~", "change"),
    "replace": ("±", "change"),
    "delete": ("-", "remove"),
    "unchanged": ("=", "quiet"),
}
_RESOURCE_SIGNS: dict[str, tuple[str, Tone]] = {
    "Add": ("+", "add"),
    "Import": ("+", "add"),
    "Modify": ("~", "change"),
    "Dynamic": ("~", "change"),
    "Remove": ("-", "remove"),
}
_SETTINGS_SHOWN = 8


def plan_lines(plan: Plan, organization: Organization, *, caller: str) -> list[Line]:
    """The plan, top to bottom in the order in which it is carried out."""
    lines = wrapped(f"Plan for organization {organization.id}, as {caller}", indent=0, tone="heading")
    for busy in plan.under_way:
        text = f"! StackSet {busy.stack_set} is busy: {described(busy.operation)}"
        lines += wrapped(text, indent=0, tone="change")
    lines.append(Line(""))
    lines += _stack(plan.artifacts)
    lines += _bundle(plan)
    lines += _stack(plan.central)
    for stack_set in plan.stack_sets:
        lines += _stack_set(stack_set, organization)
    for companion in plan.companions:
        lines += _stack(companion, note="management account")
    lines += _skips(plan, organization)
    lines += _totals(plan)
    return lines


def _stack(plan: StackPlan, *, note: str = "") -> Iterator[Line]:
    sign, tone = _SIGNS[plan.change]
    said = f" ({note})" if note else ""
    unchanged = ": unchanged" if plan.change == "unchanged" else ""
    replaced = ": never came to be, so it is deleted and made anew" if plan.change == "replace" else ""
    yield from wrapped(
        f"{sign} stack {plan.key.name} in {plan.key.region}{said}{unchanged}{replaced}", indent=0, tone=tone
    )
    yield from _resources(plan.resources)


def _resources(resources: Iterable[ResourceChange]) -> Iterator[Line]:
    """What is added is counted by type; what changes or goes is told one by one."""
    added: dict[str, int] = defaultdict(int)
    for resource in resources:
        if resource.action in {"Add", "Import"}:
            added[resource.type] += 1
            continue
        sign, tone = _RESOURCE_SIGNS[resource.action]
        replaced = {"True": "; REPLACED", "Conditional": "; may be REPLACED"}.get(resource.replacement, "")
        details = f": {', '.join(resource.details)}" if resource.details else ""
        text = f"{sign} {resource.logical_id} ({resource.type}){details}{replaced}"
        yield from wrapped(text, indent=4, tone="remove" if replaced else tone)
    if added:
        listed = ", ".join(f"{type_} x{count}" if count > 1 else type_ for type_, count in sorted(added.items()))
        yield from wrapped(f"+ {counted(sum(added.values()), 'resource')}: {listed}", indent=4, tone="add")


def _bundle(plan: Plan) -> Iterator[Line]:
    if plan.uploads_bundle:
        yield from wrapped(f"+ upload of {plan.bundle_name}", indent=0, tone="add")
    for change in plan.settings:
        yield from _settings(change)


def _settings(change: SettingsChange) -> Iterator[Line]:
    where = ", ".join([*change.ous, *(f"account {account}" for account in change.accounts)])
    values = {value.key: value for value in change.values}
    switch = values.get("enabled")
    if switch is not None and switch.before is None:
        regions = _said(values["regions"].after)
        yield from wrapped(f"+ settings of {where}: covered from now on, in {regions}", indent=2, tone="add")
    elif switch is not None and switch.after is None:
        yield from wrapped(f"- settings of {where}: no longer covered", indent=2, tone="remove")
    else:
        yield from wrapped(f"~ settings of {where}", indent=2, tone="change")
        for value in change.values[:_SETTINGS_SHOWN]:
            yield from wrapped(f"{value.key}: {_said(value.before)} -> {_said(value.after)}", indent=6)
        if (more := len(change.values) - _SETTINGS_SHOWN) > 0:
            yield Line(f"      and {more} more; --json has them all", "quiet")


def _said(value: str | None) -> str:
    """A value of the settings, which comes as JSON, as people write it."""
    if value is None:
        return "not set"
    found = json.loads(value) if value[:1] in {'"', "["} else None
    if isinstance(found, list):
        plain = all(isinstance(item, str) for item in found)
        return (", ".join(found) or "none") if plain else value
    return found if isinstance(found, str) and found else value


def _stack_set(plan: StackSetPlan, organization: Organization) -> Iterator[Line]:
    sign, tone = _SIGNS[plan.change]
    unchanged = ": unchanged" if plan.is_empty else ""
    yield Line(f"{sign} StackSet {plan.definition.name}{unchanged}", tone)
    if plan.family is not None:  # the name has but a digest of what it is
        yield from wrapped(plan.definition.description, indent=4, tone="quiet")
    yield from _resources(plan.resources)
    for name in plan.properties:
        yield from wrapped(f"~ {name}", indent=4, tone="change")
    if plan.rewritten:
        yield Line(f"    ~ {counted(plan.rewritten, 'instance')}: the same changes", "change")
    yield from _instances(plan.instances.create, organization, sign="+", tone="add")
    yield from _instances(plan.instances.update, organization, sign="~", tone="change")
    yield from _deletions(plan, organization)
    if plan.instances.unchanged:
        yield Line(f"    = {counted(plan.instances.unchanged, 'instance')} unchanged", "quiet")
    yield from _stranded(plan.instances.stranded, organization)
    yield from _overreach(plan.overreach, organization)


def _instances(
    operations: Iterable[InstanceOperation], organization: Organization, *, sign: str, tone: Tone
) -> Iterator[Line]:
    keys = instances_of(operations)
    for path, regions, accounts in _by_path(keys, organization):
        yield from wrapped(
            f"{sign} {path}: {counted(len(accounts), 'account')} x {', '.join(regions)}", indent=4, tone=tone
        )
    new = [one for one in operations if not one.instances]
    if new:
        paths = sorted({organization.path(ou_id) for one in new for ou_id in one.targets.ou_ids})
        yield from wrapped(f"{sign} {', '.join(paths)}: future accounts", indent=4, tone=tone)


def _deletions(plan: StackSetPlan, organization: Organization) -> Iterator[Line]:
    operations, moving = plan.instances.delete, plan.instances.moving
    keys = instances_of(operations) - moving
    if moving:
        text = f"~ {counted(len(moving), 'instance')} deleted first, for another StackSet of the same kind"
        yield from wrapped(text, indent=4, tone="change")
    if again := len(instances_of(plan.instances.withdraw)):
        text = f"~ {counted(again, 'instance')} deleted and made again, since another StackSet goes there"
        yield from wrapped(text, indent=4, tone="change")
    if keys:
        yield Line(f"    - DELETES {counted(len(keys), 'instance')}", "remove")
        if plan.family is not None:
            yield from wrapped(f"afterwards: {plan.family.afterwards}", indent=6, tone="remove")
    for path, regions, accounts in _by_path(keys, organization):
        text = f"- {path}: {account_names(organization, accounts)} in {', '.join(regions)}"
        yield from wrapped(text, indent=6, tone="remove")
    for one in operations:
        if not one.instances:
            paths = ", ".join(organization.path(ou_id) for ou_id in one.targets.ou_ids)
            yield from wrapped(f"- {paths}: future accounts in {', '.join(one.regions)}", indent=4, tone="remove")


def _by_path(
    keys: Iterable[InstanceKey], organization: Organization
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """OU path, regions and accounts, where each account has each of the regions."""
    regions: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        regions[key.account].add(key.region)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for account, names in sorted(regions.items()):
        known = organization.accounts.get(account)
        path = organization.path(known.parent_id) if known else "left the organization"
        groups[path, tuple(sorted(names))].append(account)
    return [(path, names, tuple(accounts)) for (path, names), accounts in sorted(groups.items())]


def _stranded(instances: Iterable[Instance], organization: Organization) -> Iterator[Line]:
    for instance in instances:
        name = account_name(organization, instance.account)
        text = f"! {name} in {instance.region} is not wanted, but AWS does not reach the account any more"
        yield from wrapped(text, indent=4, tone="bad")


def _overreach(found: Iterable[Overreach], organization: Organization) -> Iterator[Line]:
    by_cause: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for one in found:
        by_cause[one.via, tuple(sorted(one.regions))].append(organization.path(one.ou_id))
    for (via, regions), paths in sorted(by_cause.items()):
        text = (
            f"! accounts directly in {organization.path(via)} can only be named; AWS then adds new accounts of "
            f"{', '.join(sorted(paths))} in {', '.join(regions)} too, until the next roll-out removes them"
        )
        yield from wrapped(text, indent=4, tone="quiet")


def _skips(plan: Plan, organization: Organization) -> Iterator[Line]:
    if plan.skips:
        yield Line("")
        yield Line("Left out", "heading")
    for skip in plan.skips:
        names = account_names(organization, skip.accounts)
        yield from wrapped(f"{organization.path(skip.ou_id)}: {names}: {skip.reason}", indent=2, tone="quiet")


def _totals(plan: Plan) -> Iterator[Line]:
    def instances(operations: Iterable[tuple[InstanceOperation, ...]]) -> int:
        return sum(len(one.instances) for some in operations for one in some)

    yield Line("")
    if plan.is_empty:
        yield Line("Nothing to change.", "heading")
        return
    creates = instances(one.instances.create for one in plan.stack_sets)
    updates = instances(one.instances.update for one in plan.stack_sets) + sum(one.rewritten for one in plan.stack_sets)
    stacks = sum(stack.change != "unchanged" for stack in plan.stacks)
    stack_sets = sum(one.change != "unchanged" for one in plan.stack_sets)
    yield from wrapped(
        f"{counted(stacks, 'stack')} and {counted(stack_sets, 'StackSet')} to change; instances: {creates:,} to create,"
        f" {updates:,} to update, {plan.deletions:,} to delete, "
        f"{sum(one.instances.unchanged for one in plan.stack_sets):,} unchanged.",
        indent=0,
        tone="remove" if plan.deletions else "heading",
    )
