"""The plan of a repair and its results, as text of 80 columns and as JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from deployer.drift.findings import CheckedRepository
from deployer.drift.repairing import (
    Change,
    PutLifecyclePolicy,
    PutMutability,
    PutScanOnPush,
    PutTags,
    Repair,
    RepairPlan,
    RepairResult,
    SetRepositoryPolicy,
)
from deployer.organization import Organization
from deployer.rendering.drift import difference_lines
from deployer.rendering.plan_json import place
from deployer.rendering.text import Line, wrapped
from deployer.words import account_name, account_path, counted

Document = dict[str, object]


def plan_lines(plan: RepairPlan, organization: Organization) -> Iterator[Line]:
    """Every change of every repository, by account; then what cannot be changed, and what may be deleted."""
    for account, group in groupby(plan.repairs, key=lambda one: one.checked.account):
        yield from wrapped(
            f"{account_name(organization, account)}, {account_path(organization, account)}", indent=0, tone="heading"
        )
        for one in group:
            yield from _repair_lines(one)
    if plan.blank:
        yield Line("Blank repositories, each deleted after its own confirmation", "heading")
    for checked in plan.blank:
        yield from wrapped(f"- {title(checked, organization)}", indent=2, tone="remove")
    yield from _total_lines(plan)


def _repair_lines(one: Repair) -> Iterator[Line]:
    yield from wrapped(f"~ {one.checked.region} {one.checked.name}", indent=2, tone="change" if one.changes else "bad")
    for difference in one.checked.differences:
        if difference not in one.unchangeable:
            yield from difference_lines(difference)
    for change in one.changes:
        if is_deletion(change):
            yield from wrapped(f"{_POLICIES[type(change)]} is deleted: the settings have none", indent=6, tone="bad")
    for difference in one.unchangeable:
        yield from difference_lines(difference)
        yield from wrapped(
            "cannot be changed: ECR sets encryption when a repository is created; recreate it to change it",
            indent=6,
            tone="bad",
        )


_POLICIES: dict[type[Change], str] = {
    PutLifecyclePolicy: "the lifecycle policy",
    SetRepositoryPolicy: "the repository policy",
}


def is_deletion(change: Change) -> bool:
    """Whether a change deletes something that exists."""
    return isinstance(change, PutLifecyclePolicy | SetRepositoryPolicy) and change.text is None


def _total_lines(plan: RepairPlan) -> Iterator[Line]:
    repairs = [one for one in plan.repairs if one.changes]
    stuck = [one for one in plan.repairs if one.unchangeable]
    changes = sum(len(one.changes) for one in repairs)
    if not plan.repairs and not plan.blank:
        yield Line("Nothing to repair.")
        return
    repositories = counted(len(repairs), "repository", "repositories")
    shown = [f"{counted(changes, 'change')} in {repositories}"] if repairs else []
    if stuck:
        shown.append(f"encryption differs in {len(stuck)} and cannot be changed")
    if plan.blank:
        shown.append(f"{len(plan.blank)} blank to delete")
    yield Line("")
    yield from wrapped(f"{'; '.join(shown)}.", indent=0)


def title(checked: CheckedRepository, organization: Organization) -> str:
    """`shop-prod (300000000001) eu-west-1 team-a/api, created 2026-11-20 09:00`."""
    made = f", created {checked.created_at:%Y-%m-%d %H:%M}" if checked.created_at else ""
    return f"{account_name(organization, checked.account)} {checked.region} {checked.name}{made}"


def result_lines(result: RepairResult, organization: Organization) -> list[Line]:
    """One repository, as it is done."""
    where = f"{account_name(organization, result.checked.account)} {result.checked.region} {result.checked.name}"
    shown = f"{result.status}: {where}" + (f" ({result.problem})" if result.problem else "")
    return wrapped(shown, indent=0, tone="bad" if result.status == "failed" else "")


def result_count_lines(done: Sequence[RepairResult]) -> list[Line]:
    """The number of each status."""
    if not done:
        return []
    return wrapped(
        ", ".join(f"{count} {status}" for status, count in Counter(one.status for one in done).items()), indent=0
    )


def repair_document(plan: RepairPlan, done: Sequence[RepairResult], organization: Organization) -> Document:
    """Plan and outcome for programs."""
    return {
        "repairs": [
            {
                **_place(one.checked, organization),
                "changes": [_change(change) for change in one.changes],
                "unchangeable": [
                    {"setting": item.aspect, "found": item.actual, "desired": item.desired} for item in one.unchangeable
                ],
            }
            for one in plan.repairs
        ],
        "blank": [_place(one, organization) for one in plan.blank],
        "done": [{**_place(one.checked, organization), "status": one.status, "problem": one.problem} for one in done],
    }


def _place(checked: CheckedRepository, organization: Organization) -> Document:
    return {
        **place(organization, checked.account),
        "region": checked.region,
        "repository": checked.name,
        "event_id": checked.event_id,
    }


def _change(change: Change) -> Document:
    kinds: dict[type[Change], str] = {
        PutMutability: "image_tag_mutability",
        PutScanOnPush: "scan_on_push",
        PutLifecyclePolicy: "lifecycle_policy",
        SetRepositoryPolicy: "repository_policy",
        PutTags: "tags",
    }
    return {"setting": kinds[type(change)], **asdict(change)}
