"""The changes of a plan to one StackSet, as text: its template, and its effect on future accounts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from deployer.organization import Organization
from deployer.planning.future_accounts import Overreach
from deployer.planning.instances import instances_of
from deployer.planning.plan import StackSetPlan
from deployer.rendering.resources import SIGNS, resource_lines
from deployer.rendering.text import Line, wrapped
from deployer.stack_sets import Instance, InstanceKey
from deployer.words import NAMED, SHOWN, account_names, counted, ou_paths, some_ous
from handler.inspection import Damage

_OUT_OF_REACH = "should be deleted, but AWS does not reach the accounts"


def stack_set_lines(plan: StackSetPlan, organization: Organization, *, everything: bool) -> Iterator[Line]:
    """The change of the StackSet itself, how many instances follow from it, and its repairs."""
    sign, tone = SIGNS[plan.change]
    unchanged = ": unchanged" if plan.is_empty else ""
    yield from wrapped(f"{sign} StackSet {plan.definition.name}{unchanged}", indent=2, tone=tone)
    if plan.family is not None:  # the name only has a digest of the content
        yield from wrapped(plan.definition.description, indent=6, tone="quiet")
    yield from resource_lines(plan.resources, indent=6)
    for name in plan.properties:
        yield from wrapped(f"~ {name}", indent=6, tone="change")
    if plan.rewritten:
        changes = counted(len(plan.resources) + len(plan.properties), "change")
        yield Line(f"      ~ {counted(plan.rewritten, 'instance')}: the same {changes}", "change")
    yield from _repairs(plan, organization, everything=everything)
    yield from _replacements(plan)


def _replacements(plan: StackSetPlan) -> Iterator[Line]:
    if moving := len(plan.instances.moving):
        text = f"~ {counted(moving, 'instance')} deleted first, for another StackSet of the same kind"
        yield from wrapped(text, indent=6, tone="change")
    if again := len(instances_of(plan.instances.withdraw) - plan.instances.repaired):
        text = f"~ {counted(again, 'instance')} deleted and created again, since another StackSet is deleted there"
        yield from wrapped(text, indent=6, tone="change")


def _repairs(plan: StackSetPlan, organization: Organization, *, everything: bool) -> Iterator[Line]:
    """Instances whose resources were changed without StackSets, with each difference."""
    keys = sorted(plan.instances.repaired)
    shown = keys if everything else keys[:SHOWN]
    if keys:
        text = f"~ REPAIRS {counted(len(keys), 'instance')}: each is deleted with its stack and created again"
        yield from wrapped(text, indent=6, tone="change")
    for key in shown:
        damage = plan.damaged[key]
        text = f"{account_names(organization, [key.account])} in {key.region}: {'; '.join(damage.problems)}"
        yield from wrapped(text, indent=8, tone="change")
        yield from waiting_lines(damage)
    if more := keys[len(shown) :]:
        yield Line(f"        and {counted(len(more), 'more instance')}; `deployer status --deep` lists all", "quiet")


def waiting_lines(damage: Damage) -> Iterator[Line]:
    """Messages that a repair would delete."""
    if damage.waiting and not damage.is_stack_gone:
        lost = (
            f"! its dead-letter queue holds {counted(damage.waiting, 'message')}, which would be lost: run"
            " `deployer failures redrive` first"
        )
        yield from wrapped(lost, indent=8, tone="bad")


def future_account_lines(
    plans: Iterable[StackSetPlan], organization: Organization, *, sign: Literal["+", "-"]
) -> Iterator[Line]:
    """OUs that auto-deployment of any StackSet is registered for, or no longer is, although no account is in them."""
    by_regions: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for plan in plans:
        for one in plan.instances.create if sign == "+" else plan.instances.delete:
            if not one.instances:
                by_regions[one.regions].update(one.targets.ou_ids)
    for regions, ou_ids in sorted(by_regions.items()):
        text = f"{sign} {ou_paths(organization, ou_ids)}: future accounts in {', '.join(regions)}"
        yield from wrapped(text, indent=2, tone="remove" if sign == "-" else "add")


def stack_set_cautions(plan: StackSetPlan, organization: Organization, *, everything: bool) -> Iterator[str]:
    """What the plan cannot bring about, and what AWS does beyond it."""
    yield from _stranded(plan.instances.stranded, organization)
    yield from _too_much(plan, organization, everything=everything)
    yield from _too_little(plan, organization)


def targeted_ous(plan: StackSetPlan) -> frozenset[str]:
    """OUs that become targets of auto-deployment."""
    operations = [
        one for one in plan.instances.create if plan.change == "create" or one.targets.account_filter != "INTERSECTION"
    ]
    return frozenset(ou_id for one in operations for ou_id in one.targets.ou_ids)


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


def _stranded(instances: Iterable[Instance], organization: Organization) -> Iterator[str]:
    for _, regions, accounts in _by_path((one.key for one in instances), organization):
        what = "should be deleted, but AWS does not reach the account" if len(accounts) == 1 else _OUT_OF_REACH
        yield f"{account_names(organization, accounts)} in {', '.join(regions)} {what} any more"


def _too_much(plan: StackSetPlan, organization: Organization, *, everything: bool) -> Iterator[str]:
    """OUs whose future accounts get more than requested, until a roll-out corrects that.

    If many OUs cause that, all are one sentence, unless `everything` is listed.
    """
    groups: dict[tuple[bool, tuple[str, ...]], list[Overreach]] = defaultdict(list)
    for one in plan.overreach:
        groups[one.is_left_over, tuple(sorted(one.regions))].append(one)
    for (is_left_over, regions), found in sorted(groups.items(), key=lambda item: item[0]):
        by_via: dict[str, list[Overreach]] = defaultdict(list)
        for one in found:
            by_via[one.via].append(one)
        is_joined = len(by_via) > NAMED and not everything
        for some in [found] if is_joined else by_via.values():
            below = sorted({organization.path(one.ou_id) for one in some})
            yield (
                f"{_why(some, organization, is_left_over=is_left_over)}; AWS then adds new accounts of"
                f" {some_ous(below, shown=NAMED if is_joined else SHOWN)} in {', '.join(regions)} too, until the next"
                " roll-out removes them"
            )


def _why(some: Iterable[Overreach], organization: Organization, *, is_left_over: bool) -> str:
    vias = sorted({organization.path(one.via) for one in some})
    paths = some_ous(vias, shown=NAMED)
    if is_left_over:
        are, them = ("is", "it") if len(vias) == 1 else ("are", "them")
        return f"{paths} {are} still registered, and AWS cannot unregister {them} while accounts stay"
    return f"accounts directly in {paths} can only be named"


def _too_little(plan: StackSetPlan, organization: Organization) -> Iterator[str]:
    """OUs whose future accounts get less than requested, until a roll-out corrects that."""
    less: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for gap in plan.gaps:
        less[tuple(sorted(gap.regions))].append(gap.ou_id)
    for regions, ou_ids in sorted(less.items()):
        yield (
            f"AWS covers an OU only with all OUs below it, so new accounts directly in"
            f" {ou_paths(organization, ou_ids)} get {', '.join(regions)} with the next roll-out"
        )
