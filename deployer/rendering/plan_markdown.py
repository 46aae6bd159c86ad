"""A plan for a pull request: as Markdown for a comment, and as annotations of GitHub Actions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deployer.annotations import annotation
from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.rendering.cautions import cautions
from deployer.rendering.plan import Section, heading_lines, plan_sections
from deployer.rendering.plan_changes import INSTANCES, totals
from deployer.rendering.scopes import scope_text
from deployer.rendering.text import Line
from deployer.rendering.waves import Course
from deployer.words import counted, printable

LONGEST = 65_536
"""Characters of a comment: GitHub refuses longer ones ("body is too long (maximum is 65536 characters)")."""
ANNOTATIONS = 10
"""Annotations of one type that GitHub shows for a step."""
_OPEN = {"Removals", "Cautions"}
_MARGIN = 200
_TITLE = "deployer plan"


def plan_markdown(plan: Plan, organization: Organization, *, caller: str, course: Course, everything: bool) -> str:
    """Totals, then one collapsible part for each section; names are in code blocks, so that none is markup."""
    title, *others = [line.text for line in heading_lines(plan, organization, caller=caller)]
    parts = [f"### deployer: {_headline(plan, organization)}", _block([title, *others])]
    left = LONGEST - _MARGIN - sum(len(part) + 2 for part in parts)
    sections = plan_sections(plan, organization, course=course, everything=everything)
    for number, section in enumerate(sections):
        part = _section(section, is_open=section.title in _OPEN or number == 0, room=left)
        if part is None:
            parts.append(
                f"{counted(len(sections) - number, 'more section')} omitted: GitHub accepts no longer comment."
            )
            break
        parts.append(part)
        left -= len(part) + 2
    return "\n\n".join(parts) + "\n"


def plan_annotations(plan: Plan, organization: Organization, *, course: Course) -> Iterator[str]:
    """Workflow commands: one notice with the totals, one warning for each removal and caution."""
    yield annotation("notice", _headline(plan, organization), title=_TITLE)
    warnings = [*cautions(plan, organization, course)]
    if plan.unreadable:
        warnings.insert(0, f"the resources in {counted(plan.unreadable, 'account')} could not be read")
    if plan.deletions:
        warnings.insert(0, f"{counted(plan.deletions, 'stack instance')} would be deleted")
    shown = warnings if len(warnings) <= ANNOTATIONS else warnings[: ANNOTATIONS - 1]
    for text in shown:
        yield annotation("warning", text, title=_TITLE)
    if more := len(warnings) - len(shown):
        yield annotation("warning", f"{counted(more, 'more caution')}; the plan lists them", title=_TITLE)


def _headline(plan: Plan, organization: Organization) -> str:
    scope = printable(scope_text(plan.scope, organization)) if organization.root.id not in plan.scope.ou_ids else ""
    where = f" in {scope}" if scope else ""
    if plan.is_empty:
        return f"nothing to change{where}"
    instances = next(one for one in totals(plan, organization) if one.what == INSTANCES)
    return (
        f"stack instances: {instances.create:,} to create, {instances.update:,} to update, {instances.delete:,} to"
        f" delete, {instances.unchanged:,} unchanged{where}"
    )


def _section(section: Section, *, is_open: bool, room: int) -> str | None:
    """The section, cut to the room with a count of what is left out; None if nothing of it fits."""
    lines = list(section.lines)
    for kept in (len(lines), *_shorter(lines, room)):
        more = len(lines) - kept
        shown = [line.text for line in lines[:kept]] + ([f"  … {counted(more, 'more line')}"] if more else [])
        state = " open" if is_open else ""
        title = _html(section.title)
        part = f"<details{state}><summary>{title}</summary>\n\n{_block(shown)}\n\n</details>"
        if len(part) <= room:
            return part
    return None


def _shorter(lines: Sequence[Line], room: int) -> Iterator[int]:
    """How many lines fit, without the frame."""
    size, fit = 0, 0
    for line in lines:
        size += len(line.text) + 1
        if size > room - 2 * _MARGIN:
            break
        fit += 1
    if fit:
        yield fit


def _block(lines: Sequence[str]) -> str:
    """A code block whose fence no name can end."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
