"""The findings of an audit of repositories, as text of 80 columns and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby

from deployer.audit.adopted import is_adoption_id
from deployer.drift.comparison import Difference
from deployer.drift.findings import FINDINGS, CheckedRepository, Report, Unread
from deployer.organization import Organization
from deployer.rendering.plan_json import place
from deployer.rendering.text import Line, Tone, wrapped
from deployer.times import iso
from deployer.words import account_name, account_path, counted

Document = dict[str, object]


def kinds_of(one: CheckedRepository) -> set[str]:
    """The findings for a repository."""
    return {*({one.verdict} & set(FINDINGS)), *({"blank"} if one.is_blank else ())}


def finding_count(report: Report, *, ignored: Collection[str] = ()) -> int:
    """The number of findings, without ignored kinds."""
    repositories = sum(bool(kinds_of(one) - set(ignored)) for one in report.checked())
    return repositories + (0 if "unread" in ignored else sum(1 for _ in report.unread()))


def report_lines(report: Report, organization: Organization, *, ignored: Collection[str] = ()) -> Iterator[Line]:
    """All findings, by account, and a summary last."""
    shown = [one for one in report.checked() if kinds_of(one) - set(ignored)]
    for account, group in groupby(shown, key=lambda one: one.account):
        yield from wrapped(
            f"{account_name(organization, account)}, {account_path(organization, account)}", indent=0, tone="heading"
        )
        for one in group:
            yield from _checked_lines(one)
    if "unread" not in ignored:
        yield from unread_lines(report, organization)
    if shown:
        yield Line("")
    yield from _summary_lines(report)


def _checked_lines(one: CheckedRepository) -> Iterator[Line]:
    words: list[str] = [one.verdict] if one.verdict != "in sync" else []
    if one.is_blank and one.created_at:
        words.append(f"blank since {one.created_at:%Y-%m-%d %H:%M}")
    yield from wrapped(f"{one.region} {one.name}: {', '.join(words)}", indent=2, tone=_tone(one))
    if one.verdict == "untagged":
        why = "adopted as" if is_adoption_id(one.event_id) else "created for event"
        yield from wrapped(f"{why} {one.event_id}, and lacks the tag that says so", indent=4)
    for difference in one.differences:
        yield from difference_lines(difference)
    if one.verdict == "gone":
        made = f"created {one.created_at:%Y-%m-%d %H:%M} " if one.created_at else "created "
        for_whom = "and adopted by" if is_adoption_id(one.event_id) else "for"
        principal = one.principal or "an unknown principal"
        yield from wrapped(f"{made}{for_whom} {principal}, event {one.event_id}", indent=4)
    if one.verdict == "unrecorded":
        known = "but does not match its record" if one.note else "which has no record in the ledger"
        yield from wrapped(f"carries the tag of event {one.event_id}, {known}", indent=4)
    if one.note:
        yield from wrapped(one.note, indent=4)


def _tone(one: CheckedRepository) -> Tone:
    return "change" if one.verdict in {"drifted", "untagged", "in sync"} else "bad"


def difference_lines(difference: Difference, *, indent: int = 4) -> list[Line]:
    """`scan_on_push: false -> true`: from actual to desired state."""
    return wrapped(f"{difference.aspect}: {difference.actual} -> {difference.desired}", indent=indent)


def unread_lines(report: Report, organization: Organization) -> Iterator[Line]:
    """What could not be read, and why."""
    problems = list(report.unread())
    if problems:
        yield Line("Not read", "heading")
    for unread_item in problems:
        yield from wrapped(f"{_location(unread_item, organization)}: {unread_item.problem}", indent=2, tone="bad")


def _location(unread_item: Unread, organization: Organization) -> str:
    parts = (account_name(organization, unread_item.account), unread_item.region, unread_item.repository)
    return " ".join(part for part in parts if part)


def _summary_lines(report: Report) -> Iterator[Line]:
    counts = report.counts()
    shown = [f"{number:,} {name}" for name, number in counts.items() if number or name in {"in sync", "drifted"}]
    has_adopted = any(is_adoption_id(one.event_id) for one in report.checked())
    yield from wrapped(f"Created{' or adopted' if has_adopted else ''} by deployer: {', '.join(shown)}.", indent=0)
    scope = f"{counted(len(report.accounts), 'account')}, {counted(report.region_count, 'region')} in them"
    yield from wrapped(f"Other repositories: {report.others:,}. Read: {scope}.", indent=0, tone="quiet")


def report_document(report: Report, organization: Organization, *, now: datetime, grace_hours: float) -> Document:
    """All of it for programs: every repository of ours, not only findings."""
    return {
        "at": iso(now),
        "grace_hours": grace_hours,
        "counts": dict(report.counts()),
        "others": report.others,
        "accounts": len(report.accounts),
        "regions": report.region_count,
        "repositories": [_checked_document(one, organization) for one in report.checked()],
        "others_by_region": [
            {**place(organization, account.account), "region": region, "count": count}
            for account in report.accounts
            for region, count in sorted(account.others.items())
        ],
        "unread": [
            {
                **place(organization, unread_item.account),
                "region": unread_item.region,
                "repository": unread_item.repository,
                "problem": unread_item.problem,
            }
            for unread_item in report.unread()
        ],
    }


def _checked_document(one: CheckedRepository, organization: Organization) -> Document:
    return {
        **place(organization, one.account),
        "region": one.region,
        "repository": one.name,
        "verdict": one.verdict,
        "blank": one.is_blank,
        "created_at": iso(one.created_at) if one.created_at else None,
        "event_id": one.event_id,
        "principal": one.principal,
        "differences": [
            {"setting": item.aspect, "found": item.actual, "desired": item.desired} for item in one.differences
        ],
        "note": one.note or None,
    }
