"""Findings that need attention, the most severe first: violations, failures, gaps in coverage, drift, repeats. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from deployer.reporting.aggregation import Aggregates, caller_of
from deployer.reporting.consoles import repository_link
from deployer.reporting.coverage import Coverage, Uncovered
from deployer.reporting.problems import Attempts
from deployer.reporting.usage import COMMAND, Noted, Usage, UsageNote
from deployer.reporting.verification import Judged, Verification
from deployer.words import counted
from handler.reasons import Outcome, sentence_of

Weight = Literal["act", "look"]

ITEMS = 12
"""The number of items shown of one finding; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a finding is about."""

    subject: str
    location: str
    note: str
    time: datetime | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to act on (`act`) or to review (`look`), and the command for the next step."""

    id: str
    weight: Weight
    title: str
    explanation: str
    every: tuple[Item, ...]
    command: str

    @property
    def items(self) -> tuple[Item, ...]:
        """The items that are shown."""
        return self.every[:ITEMS]

    @property
    def more(self) -> int:
        """The number of items that are not shown."""
        return len(self.every) - len(self.items)


def findings_of(
    aggregates: Aggregates,
    *,
    coverage: Coverage | None = None,
    verification: Verification | None = None,
    usage: Usage | None = None,
) -> list[Finding]:
    """All findings, those to act on first."""
    found = [*_of_records(aggregates), *_of_coverage(coverage), *_of_verification(verification)]
    found += _of_usage(usage, verification)
    return sorted(found, key=lambda finding: finding.weight != "act")


def _of_records(aggregates: Aggregates) -> Iterator[Finding]:
    if violations := aggregates.problems.violations():
        number = sum(one.count for one in violations)
        yield Finding(
            id="violations",
            weight="act",
            title=counted(number, "repository was", "repositories were") + " created by ECR against the rules",
            explanation="A creation template covers the name, and a rule of the OU would have refused it. Nothing "
            "deletes these repositories: delete them, or change the rule.",
            every=tuple(_violation(one) for one in violations),
            command="deployer audit list --outcome violation",
        )
    if failures := aggregates.problems.failures():
        yield Finding(
            id="failures",
            weight="act",
            title=_failed(sum(one.count for one in failures), is_sure=aggregates.knows_created),
            explanation="The rules allowed the push, but AWS refused a call: there is no repository, or one without "
            "all of its settings. The events wait in the failures queue until the cause is fixed."
            + ("" if aggregates.knows_created else " This report does not show which of them a redrive resolved."),
            every=tuple(_failure(one) for one in failures),
            command="deployer failures redrive",
        )
    if repeats := aggregates.problems.repeats():
        yield Finding(
            id="repeats",
            weight="look",
            title=counted(len(repeats), "refusal repeats", "refusals repeat"),
            explanation="A person or a pipeline keeps trying. Either the rule blocks legitimate work, or they do not "
            "know the rule.",
            every=tuple(_refusal(one) for one in repeats),
            command=shlex.join(["deployer", "explain", repeats[0].key.account, repeats[0].key.repository]),
        )


def _of_verification(verification: Verification | None) -> Iterator[Finding]:
    if verification is None:
        return
    for kind in verification.kinds():
        judged = verification.of(kind)
        yield Finding(
            id=f"verify-{kind.state}",
            weight=kind.weight,
            title=counted(len(judged), kind.one, kind.many),
            explanation=kind.explanation,
            every=tuple(_judged(one) for one in judged),
            command=kind.command,
        )


def _of_usage(usage: Usage | None, verification: Verification | None) -> Iterator[Finding]:
    """What usage adds: a verification, too, finds blank repositories, and the same accounts that cannot be read."""
    known = {_key(one.state, one) for one in (verification.judged if verification else ())}
    for note in usage.notes if usage else ():
        new = tuple(one for one in note.noted if _key(note.kind, one) not in known)
        if new:
            yield _usage_finding(replace(note, noted=new))


def _key(state: str, one: Judged | Noted) -> tuple[str, ...]:
    return state, one.account, one.region, one.repository, one.note if state == "unread" else ""


def _usage_finding(note: UsageNote) -> Finding:
    return Finding(
        id=f"usage-{note.kind}",
        weight=note.weight,
        title=note.title,
        explanation=note.explanation,
        every=tuple(_noted(one) for one in note.noted),
        command=COMMAND,
    )


def _of_coverage(coverage: Coverage | None) -> Iterator[Finding]:
    if coverage and coverage.lacking:
        number = len({one.account for one in coverage.lacking})
        yield Finding(
            id="lacking",
            weight="act",
            title=counted(number, "account is", "accounts are") + " without coverage that the config files request",
            explanation="deployer receives no failed pushes from there, or cannot create repositories for them.",
            every=tuple(_uncovered(one) for one in coverage.lacking),
            command="deployer rollout --org",
        )
    if coverage and coverage.switched_off:
        yield Finding(
            id="switched-off",
            weight="look",
            title=counted(len(coverage.switched_off), "account is", "accounts are") + " not covered, as configured",
            explanation="No repositories are created there, and no record is kept of pushes that miss one.",
            every=tuple(_uncovered(one) for one in coverage.switched_off),
            command=shlex.join(["deployer", "explain", coverage.switched_off[0].ou]),
        )


def _failed(number: int, *, is_sure: bool) -> str:
    """Without the records of created repositories, resolved failures cannot be recognized."""
    if is_sure:
        return counted(number, "failed event is", "failed events are") + " not resolved"
    return counted(number, "failed event")


def _failure(attempts: Attempts) -> Item:
    """Failures with one cause, named after the newest repository affected."""
    others = " and others" if attempts.count > 1 else ""
    return _item(attempts, subject=f"{attempts.key.repository or attempts.event_id}{others}", unit="events")


def _violation(attempts: Attempts) -> Item:
    """Violations with one cause, named after the newest repository."""
    others = " and others" if attempts.count > 1 else ""
    return _item(attempts, subject=f"{attempts.key.repository}{others}", unit="repositories", outcome="violation")


def _refusal(attempts: Attempts) -> Item:
    return _item(attempts, subject=attempts.key.repository or attempts.event_id, unit="pushes")


def _item(attempts: Attempts, *, subject: str, unit: str, outcome: Outcome = "refused") -> Item:
    key = attempts.key
    times = f"{attempts.count} {unit} since {attempts.first:%Y-%m-%d}: " if attempts.count > 1 else ""
    detail = f" ({attempts.detail})" if attempts.detail else ""
    who = f" Newest by {caller_of(attempts.principal).rpartition(':')[2]}." if attempts.principal else ""
    return Item(
        subject=subject,
        location=_location(key.account_name, key.account, key.region),
        note=f"{times}{sentence_of(outcome, key.reason) or key.reason}{detail}{who}",
        time=attempts.last,
    )


def _judged(judged: Judged) -> Item:
    return Item(
        subject=judged.repository or judged.account_name or judged.account,
        location=_location(judged.account_name, judged.account, judged.region),
        note=judged.note,
        link=repository_link(judged.account, judged.region, judged.repository),
    )


def _noted(noted: Noted) -> Item:
    return Item(
        subject=noted.repository or noted.account_name or noted.account,
        location=_location(noted.account_name, noted.account, noted.region),
        note=noted.note,
        link=repository_link(noted.account, noted.region, noted.repository),
    )


def _uncovered(uncovered: Uncovered) -> Item:
    return Item(
        subject=uncovered.name or uncovered.account,
        location=" · ".join(part for part in (uncovered.account, uncovered.ou, uncovered.region) if part),
        note=uncovered.why,
    )


def _location(name: str, account: str, region: str) -> str:
    return " · ".join(part for part in (f"{name} {account}".strip(), region) if part)
