"""A plan OU by OU: what is created and updated, and what is removed from which accounts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.rendering.plan_changes import SIGNS, OuChange, changes_by_ou
from deployer.rendering.stack_sets import future_account_lines
from deployer.rendering.text import Line, Tone, wrapped
from deployer.words import NAMED, SHOWN, account_name, account_names, counted, some_ous

_TONES: Mapping[str, Tone] = {"create": "add", "update": "change", "delete": "remove"}


def by_ou(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
    """What is created and updated in each OU, and in accounts that it gets."""
    changes = [one for one in changes_by_ou(plan, organization) if one.action != "delete"]
    lines = list(_ou_lines(changes, everything=everything))
    return lines + list(future_account_lines(plan.stack_sets, organization, sign="+"))


def _ou_lines(changes: Sequence[OuChange], *, everything: bool) -> Iterator[Line]:
    """One line for each OU, or, if they are many, for those to which the same happens."""
    if everything or len(changes) <= SHOWN:
        for one in changes:
            yield from ou_line(one.ou, [one])
        return
    groups: dict[tuple[str, tuple[str, ...]], list[OuChange]] = defaultdict(list)
    for one in changes:
        groups[one.action, one.regions].append(one)
    largest = sorted(groups.values(), key=lambda group: -len(group))
    for group in largest[: SHOWN - 1]:
        yield from ou_line(some_ous([one.ou for one in group], shown=NAMED), group)
    for action in ("create", "update"):
        if rest := [one for group in largest[SHOWN - 1 :] for one in group if one.action == action]:
            yield from ou_line(some_ous([one.ou for one in rest], shown=NAMED), rest)


def ou_line(name: str, changes: Sequence[OuChange], *, regions_shown: int | None = None) -> Iterator[Line]:
    """A line for OUs; of more than `regions_shown` regions only the number."""
    action = changes[0].action
    accounts = counted(sum(len(one.accounts) for one in changes), "account")
    instances = counted(sum(one.instances for one in changes), "stack instance")
    regions = sorted({region for one in changes for region in one.regions})
    in_regions = (
        ", ".join(regions) if regions_shown is None or len(regions) <= regions_shown else f"{len(regions)} regions"
    )
    text = f"{SIGNS[action]} {name}: {accounts}, {instances} in {in_regions}"
    yield from wrapped(text, indent=2, tone=_TONES[action])


def removals(plan: Plan, organization: Organization, *, everything: bool) -> list[Line]:
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
        lines += ou_line(some_ous([one.ou for one in rest], shown=NAMED), rest)
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
