"""A plan as text of 80 columns: totals, changes by OU, details, cautions, and what is left out. Pure.

The basis of the decision comes first. A plan that is longer than a screen ends with the totals again, so that the last
screen before the question has them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.organization import Organization
from deployer.planning.plan import Plan, StackPlan
from deployer.planning.settings_changes import SettingsChange, ValueChange
from deployer.planning.skips import Skip
from deployer.rendering.cautions import cautions
from deployer.rendering.plan_changes import SIGNS as ACTION_SIGNS
from deployer.rendering.plan_changes import OuChange, changes_by_ou, replacements, totals
from deployer.rendering.resources import SIGNS, resource_lines
from deployer.rendering.scopes import scope_text
from deployer.rendering.stack_sets import future_account_lines, stack_set_lines, waiting_lines
from deployer.rendering.suspended import skipped_text
from deployer.rendering.text import WIDTH, Line, Tone, table, wrapped
from deployer.rendering.unread import TO_REMOVE, removal_lines, unread_lines
from deployer.rendering.waves import Course, wave_lines
from deployer.words import NAMED, SHOWN, account_name, account_names, counted, listed, some_ous

SCREEN = 22
"""Lines of a terminal of 24, less the question and the prompt."""
_SETTINGS_SHOWN = 8
_TONES: dict[str, Tone] = {"create": "add", "update": "change", "delete": "remove"}
PREVIEW_DENIED = (
    "! a comparison of templates, since cloudformation:CreateChangeSet was denied; which resources CloudFormation would"
    " replace is not known"
)
_ALL = "`--all` lists everything"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a plan under a title."""

    title: str
    lines: tuple[Line, ...]


def plan_lines(
    plan: Plan,
    organization: Organization,
    *,
    caller: str,
    course: Course | None = None,
    everything: bool = False,
) -> list[Line]:
    """The plan, the most important first. `everything`: nothing is counted instead of listed."""
    lines = heading_lines(plan, organization, caller=caller)
    sections = plan_sections(plan, organization, course=course, everything=everything)
    for section in sections:
        lines += [Line(""), Line(section.title, "heading"), *section.lines]
    if plan.is_empty:
        return [*lines, Line(""), *_nothing(plan, organization)] if len(lines) > SCREEN else lines
    if len(lines) > SCREEN:
        lines += [Line(""), Line(f"In short ({_ALL})" if not everything else "In short", "heading")]
        lines += [*sections[0].lines, *_in_short(plan, organization, course or Course())]
    return lines


def heading_lines(plan: Plan, organization: Organization, *, caller: str) -> list[Line]:
    """Whose plan it is, and whether it changes anything."""
    lines = wrapped(f"Plan for organization {organization.id}, as {caller}", indent=0, tone="heading")
    return lines + (_nothing(plan, organization) if plan.is_empty else [])


def _nothing(plan: Plan, organization: Organization) -> list[Line]:
    return wrapped(f"Nothing to change in {scope_text(plan.scope, organization)}.", indent=0, tone="heading")


def plan_sections(
    plan: Plan, organization: Organization, *, course: Course | None = None, everything: bool = False
) -> tuple[Section, ...]:
    """The parts of a plan in their order, without empty ones; the first one has the totals unless it is empty."""
    course = course or Course()
    waves = wave_lines(plan, course.waves)
    found: tuple[tuple[str, Sequence[Line]], ...] = (
        (
            f"Changes in {scope_text(plan.scope, organization)}",
            () if plan.is_empty else _totals(plan, organization),
        ),
        ("Removals", _removals(plan, organization, everything=everything)),
        ("By OU", _by_ou(plan, organization, everything=everything)),
        ("Settings", _settings_changes(plan, everything=everything)),
        ("Stacks and StackSets", _resources(plan, organization, everything=everything)),
        ("Waves, each finished and healthy before the next", waves),
        ("Cautions", _cautions(plan, organization, course, everything=everything)),
        (TO_REMOVE, removal_lines(plan.blocked, organization)),
        ("Left out", _left_out(plan, organization, everything=everything)),
        ("Not read", unread_lines(plan.inspection.unread if plan.inspection else {}, organization)[2:]),
    )
    return tuple(Section(title, tuple(lines)) for title, lines in found if lines)


def _totals(plan: Plan, organization: Organization) -> list[Line]:
    rows = [
        [one.what, *(f"{number:,}" for number in one[1:4]), "" if one.unchanged is None else f"{one.unchanged:,}"]
        for one in totals(plan, organization)
    ]
    lines = table(["", "create", "update", "delete", "unchanged"], rows, numbers_from=1)
    if plan.settings:
        ous = {ou for change in plan.settings for ou in change.ous}
        accounts = {account for change in plan.settings for account in change.accounts}
        also = f" and {counted(len(accounts), 'account')}" if accounts else ""
        lines.append(Line(f"settings of {counted(len(ous), 'OU')}{also} change"))
    if replaced := replacements(plan):
        others = "replaces another, which is" if replaced == 1 else "replace others, which are"
        text = f"{replaced:,} of the created stack instances {others} deleted first and not counted as deletions"
        lines += wrapped(text, indent=0, width=WIDTH - 2)
    return [Line(f"  {line.text}", "" if line.tone == "heading" else line.tone) for line in lines]


# By OU
def _by_ou(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
    changes = [one for one in changes_by_ou(plan, organization) if one.action != "delete"]
    lines = list(_ou_lines(changes, everything=everything))
    return lines + list(future_account_lines(plan.stack_sets, organization, sign="+"))


def _ou_lines(changes: Sequence[OuChange], *, everything: bool) -> Iterator[Line]:
    """One line for each OU, or, if they are many, for those to which the same happens."""
    if everything or len(changes) <= SHOWN:
        for one in changes:
            yield from _ou_line(one.ou, [one])
        return
    groups: dict[tuple[str, tuple[str, ...]], list[OuChange]] = defaultdict(list)
    for one in changes:
        groups[one.action, one.regions].append(one)
    largest = sorted(groups.values(), key=lambda group: -len(group))
    for group in largest[: SHOWN - 1]:
        yield from _ou_line(some_ous([one.ou for one in group], shown=NAMED), group)
    for action in ("create", "update"):
        if rest := [one for group in largest[SHOWN - 1 :] for one in group if one.action == action]:
            yield from _ou_line(some_ous([one.ou for one in rest], shown=NAMED), rest)


def _ou_line(name: str, changes: Sequence[OuChange], *, regions_shown: int | None = None) -> Iterator[Line]:
    """A line for OUs; of more than `regions_shown` regions only the number."""
    action = changes[0].action
    accounts = counted(sum(len(one.accounts) for one in changes), "account")
    instances = counted(sum(one.instances for one in changes), "stack instance")
    regions = sorted({region for one in changes for region in one.regions})
    in_regions = (
        ", ".join(regions) if regions_shown is None or len(regions) <= regions_shown else f"{len(regions)} regions"
    )
    text = f"{ACTION_SIGNS[action]} {name}: {accounts}, {instances} in {in_regions}"
    yield from wrapped(text, indent=2, tone=_TONES[action])


# Removals
def _removals(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
    """Accounts by name, and what each loses."""
    changes = [one for one in changes_by_ou(plan, organization) if one.action == "delete"]
    shown = changes if everything else changes[:SHOWN]
    lines: list[Line] = []
    for one in shown:
        names = (
            ", ".join(account_name(organization, account) for account in one.accounts)
            if everything
            else account_names(organization, one.accounts)
        )
        instances = counted(one.instances, "stack instance")
        lines += wrapped(f"- {one.ou}: {instances} in {', '.join(one.regions)}: {names}", indent=2, tone="remove")
    if rest := changes[len(shown) :]:
        lines += _ou_line(some_ous([one.ou for one in rest], shown=NAMED), rest)
    lines += future_account_lines(plan.stack_sets, organization, sign="-")
    for stack_set in plan.stack_sets:
        if stack_set.instances.deletions:
            what = counted(stack_set.instances.deletions, "instance")
            text = f"{what} of {stack_set.definition.name}; lost: {stack_set.loss}"
            lines += wrapped(text, indent=4, tone="remove")
    losses = {one.definition.name: one.loss for one in plan.stack_sets}
    for stack in plan.companions:
        if stack.change == "delete":
            lost = f"; lost: {losses[stack.key.name]}" if losses.get(stack.key.name) else ""
            text = f"- management account: stack {stack.key.name} in {stack.key.region}{lost}"
            lines += wrapped(text, indent=2, tone="remove")
    if lines:
        lines += wrapped("Repositories and their images stay.", indent=4, tone="quiet")
    return lines


# In short
def _in_short(plan: Plan, organization: Organization, course: Course) -> Iterator[Line]:
    """What happens, in so few lines that one screen has them and the totals."""
    changes = changes_by_ou(plan, organization)
    for action in ("create", "update"):
        if some := [one for one in changes if one.action == action]:
            yield from _ou_line(some_ous([one.ou for one in some], shown=NAMED), some, regions_shown=NAMED)
    stacks = [(SIGNS[one.change], one.key.name) for one in plan.stacks if one.change != "unchanged"]
    stack_sets = [(SIGNS[one.change], one.definition.name) for one in plan.stack_sets if one.change != "unchanged"]
    for sign, tone in dict.fromkeys(SIGNS.values()):
        if changing := [name for (found, _), name in (*stacks, *stack_sets) if found == sign]:
            yield from wrapped(f"{sign} {listed(changing)}", indent=2, tone=tone)
    if plan.repairs:
        text = f"REPAIRS {counted(plan.repairs, 'stack instance')}: deleted with their stacks and created again"
        yield from wrapped(text, indent=2, tone="change")
    if removed := [one for one in changes if one.action == "delete"]:
        accounts = sorted({account for one in removed for account in one.accounts})
        ous = some_ous([one.ou for one in removed], shown=NAMED)
        names = account_names(organization, accounts) if len(accounts) <= NAMED else counted(len(accounts), "account")
        text = f"DELETES {counted(plan.deletions, 'stack instance')} of {ous}: {names}"
        yield from wrapped(text, indent=2, tone="remove")
    if plan.blocked:
        yield Line(f"  ! {counted(len(plan.blocked), 'place')} with something to remove by hand, see above", "bad")
    if found := cautions(plan, organization, course):
        yield Line(f"  ! {counted(len(found), 'caution')}, see above", "change")


# Settings
def _settings_changes(plan: Plan, *, everything: bool) -> list[Line]:
    changes = list(_joined(plan.settings))
    shown = changes if everything else changes[:SHOWN]
    lines = [line for change in shown for line in _settings(change, everything=everything)]
    if rest := changes[len(shown) :]:
        ous = len({ou for change in rest for ou in change.ous})
        lines.append(Line(f"  ~ {counted(len(rest), 'more change')} of {counted(ous, 'OU')}", "change"))
    return lines


def _joined(changes: Sequence[SettingsChange]) -> Iterator[SettingsChange]:
    """Those that are shown alike as one."""
    found: dict[tuple[ValueChange, ...], list[SettingsChange]] = defaultdict(list)
    for change in changes:
        found[_shown_values(change)].append(change)
    for values, some in found.items():
        ous = tuple(sorted(ou for one in some for ou in one.ous))
        accounts = tuple(sorted(account for one in some for account in one.accounts))
        yield SettingsChange(ous=ous, accounts=accounts, values=values)


def _shown_values(change: SettingsChange) -> tuple[ValueChange, ...]:
    """All, or only the regions if OUs are covered from now on, or nothing more if they no longer are."""
    values = {value.key: value for value in change.values}
    switch = values.get("enabled")
    if switch is not None and switch.before is None:
        return switch, values["regions"]
    return (switch,) if switch is not None and switch.after is None else change.values


def _settings(change: SettingsChange, *, everything: bool) -> Iterator[Line]:
    ous = ", ".join(change.ous) if everything else some_ous(change.ous)
    accounts = [f"account {account}" for account in change.accounts]
    where = ", ".join(part for part in (ous, ", ".join(accounts) if everything else listed(accounts)) if part)
    values = {value.key: value for value in change.values}
    switch = values.get("enabled")
    if switch is not None and switch.before is None:
        regions = _value(values["regions"].after)
        yield from wrapped(f"+ {where}: covered from now on, in {regions}", indent=2, tone="add")
    elif switch is not None and switch.after is None:
        yield from wrapped(f"- {where}: no longer covered", indent=2, tone="remove")
    else:
        yield from wrapped(f"~ {where}", indent=2, tone="change")
        shown = change.values if everything else change.values[:_SETTINGS_SHOWN]
        for value in shown:
            yield from wrapped(f"{value.key}: {_value(value.before)} -> {_value(value.after)}", indent=6)
        if more := len(change.values) - len(shown):
            yield Line(f"      and {more} more", "quiet")


def _value(value: str | None) -> str:
    """A value of the settings, which comes as JSON, as people write it."""
    if value is None:
        return "not set"
    if value == "null":
        return "none"
    found = json.loads(value) if value[:1] in {'"', "["} else None
    if isinstance(found, list):
        plain = all(isinstance(item, str) for item in found)
        return (", ".join(found) or "none") if plain else value
    return found if isinstance(found, str) and found else value


# Stacks and StackSets
def _resources(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
    """Those that change; the others are only counted in the totals."""
    lines = [*_stack(plan.artifacts, everything=everything)]
    if plan.uploads_bundle:
        lines += wrapped(f"+ upload of {plan.bundle_name}", indent=2, tone="add")
    lines += _stack(plan.central, everything=everything)
    for stack_set in plan.stack_sets:
        if (
            everything
            or stack_set.change != "unchanged"
            or stack_set.instances.repaired
            or stack_set.instances.moving
            or stack_set.instances.withdraw
        ):
            lines += stack_set_lines(stack_set, organization, everything=everything)
    for companion in plan.companions:
        lines += _stack(companion, note="management account", everything=everything)
    return lines


def _stack(plan: StackPlan, *, everything: bool, note: str = "") -> Iterator[Line]:
    if plan.change == "unchanged" and not everything:
        return
    sign, tone = SIGNS[plan.change]
    noted = f" ({note})" if note else ""
    unchanged = ": unchanged" if plan.change == "unchanged" else ""
    replaced = ": its creation failed, so it is deleted and created again" if plan.change == "replace" else ""
    if plan.is_repaired and plan.damage is not None:
        replaced = f": REPAIRS it by deleting and creating it again: {'; '.join(plan.damage.problems)}"
    yield from wrapped(
        f"{sign} stack {plan.key.name} in {plan.key.region}{noted}{unchanged}{replaced}", indent=2, tone=tone
    )
    if plan.is_repaired and plan.damage is not None:
        yield from waiting_lines(plan.damage)
    for problem in plan.damage.problems if plan.damage is not None and plan.is_reverted else ():
        yield from wrapped(f"! REPAIRS a change without CloudFormation: {problem}", indent=6, tone="change")
    if plan.is_preview_denied:
        yield from wrapped(PREVIEW_DENIED, indent=6, tone="quiet")
    for name in plan.restored_functions:
        text = f"! the code of {name} was replaced without CloudFormation; its zip is deployed again"
        yield from wrapped(text, indent=6, tone="change")
    yield from resource_lines(plan.resources, indent=6)


# Cautions
def _cautions(plan: Plan, organization: Organization, course: Course, *, everything: bool) -> list[Line]:
    found = cautions(plan, organization, course, everything=everything)
    shown = found if everything else found[:SHOWN]
    lines = [line for text in shown for line in wrapped(f"! {text}", indent=2, tone="change")]
    if rest := len(found) - len(shown):
        lines.append(Line(f"  ! {counted(rest, 'more caution')}", "change"))
    return lines


# Left out
def _left_out(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
    """One line for each reason."""
    lines: list[Line] = []
    by_reason: dict[str, list[Skip]] = defaultdict(list)
    for skip in plan.skips:
        by_reason[skip.reason].append(skip)
    for reason, skips in by_reason.items():
        accounts = counted(sum(len(skip.accounts) for skip in skips), "account")
        lines += wrapped(f"{reason}: {accounts} in {counted(len(skips), 'OU')}", indent=2, tone="quiet")
        for skip in skips if everything else ():
            names = ", ".join(account_name(organization, account) for account in skip.accounts)
            lines += wrapped(f"{organization.path(skip.ou_id)}: {names}", indent=4, tone="quiet")
    if plan.skipped:
        lines += wrapped(f"= {skipped_text(organization, plan.skipped)}", indent=2, tone="quiet")
    return lines
