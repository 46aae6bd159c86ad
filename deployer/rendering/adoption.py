"""The plan of an adoption and its results, as text of 80 columns and as JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from deployer.drift.adopting import Adoption, AdoptionPlan, AdoptionResult, NotAdoptable
from deployer.organization import Organization
from deployer.rendering.drift import difference_lines
from deployer.rendering.plan_json import place
from deployer.rendering.text import Line, command_lines, wrapped
from deployer.times import iso
from deployer.words import account_name, account_path, counted
from handler.tags import OWN_TAGS

Document = dict[str, object]


def adoption_lines(plan: AdoptionPlan, organization: Organization) -> Iterator[Line]:
    """Every repository by account: what can be adopted, then what is left alone and why."""
    shown: list[Adoption | NotAdoptable] = [
        *plan.adoptions,
        *(one for one in plan.others if not one.is_ours or _is_named(one, plan)),
    ]
    for account, group in groupby(sorted(shown, key=lambda one: one.account), key=lambda one: one.account):
        yield from wrapped(
            f"{account_name(organization, account)}, {account_path(organization, account)}", indent=0, tone="heading"
        )
        for one in group:
            yield from _adoption_lines(one, plan) if isinstance(one, Adoption) else _other_lines(one)
    for name in plan.unmatched:
        yield from wrapped(f"No repository in the scope matches {name}.", indent=0, tone="bad")
    yield from _total_lines(plan)


def _is_named(one: NotAdoptable, plan: AdoptionPlan) -> bool:
    """Whether a name, not a glob, selects it: of all that globs match, those of deployer are only counted."""
    return one.name in plan.names


def _adoption_lines(one: Adoption, plan: AdoptionPlan) -> Iterator[Line]:
    sign = "+" if plan.action == "adopt" else "-"
    made = f"created {one.created_at:%Y-%m-%d %H:%M}"
    yield from wrapped(f"{sign} {one.region} {one.name}, {made}", indent=2, tone="add" if sign == "+" else "change")
    if plan.action == "release":
        return
    if one.is_recorded:
        yield from wrapped("recorded by an earlier run, and lacks its tags", indent=6)
    if one.refused:
        refused = f"the rules would refuse a new one of this name: {one.refused.reason} ({one.refused.rule})"
        yield from wrapped(refused, indent=6, tone="change")
    if one.differences:
        repairs = "`deployer audit repair` would then change" if _is_repairable(one) else "differs from the settings"
        yield from wrapped(repairs, indent=6)
    for difference in one.differences:
        yield from difference_lines(difference, indent=8)
        if difference.aspect == "encryption":
            yield from wrapped(
                "cannot be changed: ECR sets encryption when a repository is created", indent=10, tone="bad"
            )


def _is_repairable(one: Adoption) -> bool:
    """Whether `audit repair` would change something: ECR cannot change encryption."""
    return any(difference.aspect != "encryption" for difference in one.differences)


def _other_lines(one: NotAdoptable) -> list[Line]:
    return wrapped(f"{one.region} {one.name}: {one.problem}", indent=2, tone="quiet" if one.is_ours else "bad")


def _total_lines(plan: AdoptionPlan) -> Iterator[Line]:
    verb = plan.action
    number = counted(len(plan.adoptions), "repository", "repositories") if plan.adoptions else "Nothing"
    refused = sum(one.refused is not None for one in plan.adoptions) if verb == "adopt" else 0
    shown = [f"{number} to {verb}"]
    shown += [f"{refused} of them against the rules for new ones"] if refused else []
    if ours := sum(one.is_ours for one in plan.others):
        shown.append(f"{ours} of deployer already")
    if others := len(plan.others) - ours:
        shown.append(f"{others} that cannot be")
    yield Line("")
    yield from wrapped(f"{'; '.join(shown)}.", indent=0)
    if not plan.adoptions:
        return
    effect = (
        "Each gets a record in the ledger and the tags deployer:event-id and deployer:installation; its settings stay."
        if verb == "adopt"
        else "Each gets a record in the ledger; its tags and settings stay."
    )
    yield from wrapped(effect, indent=0)
    yield Line("")


def result_lines(result: AdoptionResult, organization: Organization) -> list[Line]:
    """One repository, as it is done."""
    one = result.adoption
    shown = f"{result.status}: {account_name(organization, one.account)} {one.region} {one.name}"
    shown += f" ({result.problem})" if result.problem else ""
    return wrapped(shown, indent=0, tone="bad" if result.status == "failed" else "")


def closing_lines(plan: AdoptionPlan, done: Sequence[AdoptionResult]) -> Iterator[Line]:
    """The number of each status, and the next step."""
    if not done:
        return
    counts = Counter(one.status for one in done)
    yield from wrapped(", ".join(f"{count} {status}" for status, count in counts.items()), indent=0)
    if plan.action == "adopt" and any(_is_repairable(one.adoption) for one in done if one.status == "adopted"):
        yield from wrapped("`deployer audit repair` shows and changes what differs from the settings.", indent=0)
    released = [one.adoption for one in done if one.status == "released"]
    if released:
        yield from wrapped("deployer ignores their tags now; a role of the account can delete them:", indent=0)
    for one in released:
        words = ["aws", "ecr", "untag-resource", "--region", one.region, "--resource-arn", one.arn, "--tag-keys"]
        yield from command_lines([*words, *OWN_TAGS], indent=2)


def adoption_document(plan: AdoptionPlan, done: Sequence[AdoptionResult], organization: Organization) -> Document:
    """Plan and outcome for programs."""
    return {
        "action": plan.action,
        "repositories": [_adoption(one, organization) for one in plan.adoptions],
        "others": [
            {**_place(one, organization), "problem": one.problem, "is_ours": one.is_ours} for one in plan.others
        ],
        "unmatched": list(plan.unmatched),
        "done": [
            {
                **_place(one.adoption, organization),
                "event_id": one.adoption.event_id,
                "status": one.status,
                "problem": one.problem,
            }
            for one in done
        ],
    }


def _adoption(one: Adoption, organization: Organization) -> Document:
    return {
        **_place(one, organization),
        "event_id": one.event_id,
        "created_at": iso(one.created_at),
        "is_recorded": one.is_recorded,
        "refused": {"reason": one.refused.reason, "rule": one.refused.rule} if one.refused else None,
        "differences": [
            {"setting": item.aspect, "found": item.actual, "desired": item.desired} for item in one.differences
        ],
    }


def _place(one: Adoption | NotAdoptable, organization: Organization) -> Document:
    return {**place(organization, one.account), "region": one.region, "repository": one.name}
