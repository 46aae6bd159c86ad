"""A plan as text of 80 columns: totals, changes by OU, details, cautions, and what is left out. Pure.

The basis of the decision comes first. A plan that is longer than a screen ends with the totals again, so that the last
screen before the question has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.planning.skips import Skip
from deployer.rendering.cautions import cautions
from deployer.rendering.plan_changes import changes_by_ou, replacements, totals
from deployer.rendering.plan_ous import by_ou, ou_line, removals
from deployer.rendering.plan_settings import settings_changes
from deployer.rendering.plan_stacks import stacks_and_stack_sets
from deployer.rendering.resources import SIGNS
from deployer.rendering.scopes import scope_text
from deployer.rendering.suspended import skipped_text
from deployer.rendering.text import WIDTH, Line, table, wrapped
from deployer.rendering.unread import TO_REMOVE, removal_lines, unread_lines
from deployer.rendering.waves import Course, wave_lines
from deployer.words import NAMED, SHOWN, account_name, account_names, counted, listed, some_ous

SCREEN = 22
"""Lines of a terminal of 24, less the question and the prompt."""
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
        ("Removals", removals(plan, organization, everything=everything)),
        ("By OU", by_ou(plan, organization, everything=everything)),
        ("Settings", settings_changes(plan, everything=everything)),
        ("Stacks and StackSets", stacks_and_stack_sets(plan, organization, everything=everything)),
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


def _in_short(plan: Plan, organization: Organization, course: Course) -> Iterator[Line]:
    """What happens, in so few lines that one screen has them and the totals."""
    changes = changes_by_ou(plan, organization)
    for action in ("create", "update"):
        if some := [one for one in changes if one.action == action]:
            yield from ou_line(some_ous([one.ou for one in some], shown=NAMED), some, regions_shown=NAMED)
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


def _cautions(plan: Plan, organization: Organization, course: Course, *, everything: bool) -> list[Line]:
    found = cautions(plan, organization, course, everything=everything)
    shown = found if everything else found[:SHOWN]
    lines = [line for text in shown for line in wrapped(f"! {text}", indent=2, tone="change")]
    if rest := len(found) - len(shown):
        lines.append(Line(f"  ! {counted(rest, 'more caution')}", "change"))
    return lines


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
