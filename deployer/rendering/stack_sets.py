"""What a plan does to one StackSet, as text: its template, its instances by OU, and future accounts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from deployer.organization import Organization
from deployer.planning.instances import instances_of
from deployer.planning.plan import StackSetPlan
from deployer.rendering.resources import SIGNS, resource_lines
from deployer.rendering.text import Line, Tone, wrapped
from deployer.stack_sets import Instance, InstanceKey, InstanceOperation
from deployer.words import SHOWN, account_names, counted, ou_paths

_OUT_OF_REACH = "should be deleted, but AWS does not reach the accounts"


def stack_set_lines(plan: StackSetPlan, organization: Organization) -> Iterator[Line]:
    sign, tone = SIGNS[plan.change]
    unchanged = ": unchanged" if plan.is_empty else ""
    yield Line(f"{sign} StackSet {plan.definition.name}{unchanged}", tone)
    if plan.family is not None:  # the name only has a digest of the content
        yield from wrapped(plan.definition.description, indent=4, tone="quiet")
    yield from resource_lines(plan.resources)
    for name in plan.properties:
        yield from wrapped(f"~ {name}", indent=4, tone="change")
    if plan.rewritten:
        changes = counted(len(plan.resources) + len(plan.properties), "change")
        yield Line(f"    ~ {counted(plan.rewritten, 'instance')}: the same {changes}", "change")
    yield from _instances(plan.instances.create, organization, sign="+", tone="add")
    yield from _instances(plan.instances.update, organization, sign="~", tone="change")
    yield from _deletions(plan, organization)
    if plan.instances.unchanged:
        yield Line(f"    = {counted(plan.instances.unchanged, 'instance')} unchanged", "quiet")
    yield from _stranded(plan.instances.stranded, organization)
    yield from _future_accounts(plan, organization)


def _instances(
    operations: Iterable[InstanceOperation], organization: Organization, *, sign: str, tone: Tone
) -> Iterator[Line]:
    sizes: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for path, regions, accounts in _by_path(instances_of(operations), organization):
        sizes[regions].append(len(accounts))
        if len(sizes[regions]) <= SHOWN:
            text = f"{sign} {path}: {counted(len(accounts), 'account')} x {', '.join(regions)}"
            yield from wrapped(text, indent=4, tone=tone)
    for regions, numbers in sizes.items():
        if more := numbers[SHOWN:]:
            text = f"{sign} {counted(len(more), 'more OU')}: {counted(sum(more), 'account')} x {', '.join(regions)}"
            yield from wrapped(text, indent=4, tone=tone)
    if new := {ou_id for one in operations if not one.instances for ou_id in one.targets.ou_ids}:
        yield from wrapped(f"{sign} {ou_paths(organization, new)}: future accounts", indent=4, tone=tone)


def _deletions(plan: StackSetPlan, organization: Organization) -> Iterator[Line]:
    operations, moving = plan.instances.delete, plan.instances.moving
    keys = instances_of(operations) - moving
    if moving:
        text = f"~ {counted(len(moving), 'instance')} deleted first, for another StackSet of the same kind"
        yield from wrapped(text, indent=4, tone="change")
    yield from _repairs(plan, organization)
    if again := len(instances_of(plan.instances.withdraw) - plan.instances.repaired):
        text = f"~ {counted(again, 'instance')} deleted and created again, since another StackSet is deleted there"
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
            paths = ou_paths(organization, one.targets.ou_ids)
            yield from wrapped(f"- {paths}: future accounts in {', '.join(one.regions)}", indent=4, tone="remove")


def _repairs(plan: StackSetPlan, organization: Organization) -> Iterator[Line]:
    """Instances whose resources were changed without StackSets, with each difference."""
    keys = sorted(plan.instances.repaired)
    if keys:
        text = f"~ REPAIRS {counted(len(keys), 'instance')}: each is deleted with its stack and created again"
        yield from wrapped(text, indent=4, tone="change")
    for key in keys[:SHOWN]:
        damage = plan.damaged[key]
        text = f"{account_names(organization, [key.account])} in {key.region}: {'; '.join(damage.problems)}"
        yield from wrapped(text, indent=6, tone="change")
        if damage.waiting and not damage.is_stack_gone:
            lost = (
                f"! its dead-letter queue holds {counted(damage.waiting, 'message')}, which would be lost: run"
                " `deployer failures redrive` first"
            )
            yield from wrapped(lost, indent=6, tone="bad")
    if more := keys[SHOWN:]:
        yield Line(f"      and {counted(len(more), 'more instance')}; `deployer status --deep` lists all", "quiet")


def _by_path(
    keys: Iterable[InstanceKey], organization: Organization
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """OU path, regions and accounts, if each account has each of the regions."""
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
    for _, regions, accounts in _by_path((one.key for one in instances), organization):
        what = "should be deleted, but AWS does not reach the account" if len(accounts) == 1 else _OUT_OF_REACH
        text = f"! {account_names(organization, accounts)} in {', '.join(regions)} {what} any more"
        yield from wrapped(text, indent=4, tone="bad")


def _future_accounts(plan: StackSetPlan, organization: Organization) -> Iterator[Line]:
    """OUs whose future accounts get more or less than requested, until a roll-out corrects that."""
    more: dict[tuple[str, bool, tuple[str, ...]], list[str]] = defaultdict(list)
    for one in plan.overreach:
        more[one.via, one.is_left_over, tuple(sorted(one.regions))].append(one.ou_id)
    for (via, is_left_over, regions), ou_ids in sorted(more.items()):
        why = (
            f"{organization.path(via)} is still registered, and AWS cannot unregister it while accounts stay"
            if is_left_over
            else f"accounts directly in {organization.path(via)} can only be named"
        )
        text = (
            f"! {why}; AWS then adds new accounts of {ou_paths(organization, ou_ids)} in {', '.join(regions)} too,"
            " until the next roll-out removes them"
        )
        yield from wrapped(text, indent=4, tone="quiet")
    less: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for gap in plan.gaps:
        less[tuple(sorted(gap.regions))].append(gap.ou_id)
    for regions, ou_ids in sorted(less.items()):
        text = (
            f"! AWS covers an OU only with all OUs below it, so new accounts directly in"
            f" {ou_paths(organization, ou_ids)} get {', '.join(regions)} with the next roll-out"
        )
        yield from wrapped(text, indent=4, tone="quiet")
