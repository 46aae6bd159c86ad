"""What a plan changes, counted by kind and by OU. Every number of a plan's text comes from here. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from deployer.organization import Organization
from deployer.planning.bounds import InstanceChange, instance_changes
from deployer.planning.instances import instances_of
from deployer.planning.plan import Change, Plan
from deployer.words import account_path

INSTANCES = "stack instances"
ACTIONS = ("create", "update", "delete")
SIGNS = {"create": "+", "update": "~", "delete": "-"}
_COLUMNS: dict[Change, str] = {"create": "create", "replace": "create", "update": "update", "delete": "delete"}


class OuChange(NamedTuple):
    """What happens in the accounts of one OU. `ou` is its path."""

    ou: str
    action: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    instances: int


class Total(NamedTuple):
    """One row of the totals; None if that is not counted."""

    what: str
    create: int
    update: int
    delete: int
    unchanged: int | None = None


def changes_by_ou(plan: Plan, organization: Organization) -> tuple[OuChange, ...]:
    """One entry for each action in each OU, sorted by path: deletions, then creations, then updates."""
    found: dict[tuple[int, str], list[InstanceChange]] = defaultdict(list)
    for change in counted_changes(plan):
        found[_RANK[change.action], account_path(organization, change.key.account)].append(change)
    return tuple(_ou_change(ou, changes) for (_, ou), changes in sorted(found.items(), key=lambda item: item[0]))


_RANK = {"delete": 0, "create": 1, "update": 2}


def counted_changes(plan: Plan) -> Iterable[InstanceChange]:
    """Every instance that changes, once for each action; a deletion only if nothing replaces the instance."""
    replaced = {
        (one.definition.name, key)
        for one in plan.stack_sets
        for key in one.instances.moving | instances_of(one.instances.withdraw)
    }
    return (one for one in instance_changes(plan) if one.action != "delete" or (one.stack_set, one.key) not in replaced)


def replacements(plan: Plan) -> int:
    """Created instances that replace others, whose deletion is not counted."""
    every = sum(one.action == "delete" for one in instance_changes(plan))
    return every - sum(one.action == "delete" for one in counted_changes(plan))


def _ou_change(ou: str, changes: list[InstanceChange]) -> OuChange:
    return OuChange(
        ou=ou,
        action=changes[0].action,
        accounts=tuple(sorted({one.key.account for one in changes})),
        regions=tuple(sorted({one.key.region for one in changes})),
        instances=len(changes),
    )


def totals(plan: Plan, organization: Organization) -> tuple[Total, ...]:
    """The numbers that a person decides by."""
    by_ou = changes_by_ou(plan, organization)
    accounts = {action: sum(len(one.accounts) for one in by_ou if one.action == action) for action in ACTIONS}
    ous = {action: sum(one.action == action for one in by_ou) for action in ACTIONS}
    regions = {
        action: len({region for one in by_ou if one.action == action for region in one.regions}) for action in ACTIONS
    }
    instances = {action: sum(one.instances for one in by_ou if one.action == action) for action in ACTIONS}
    return (
        Total(INSTANCES, **instances, unchanged=plan.unchanged),
        Total("  in accounts", **accounts),
        Total("  in OUs", **ous),
        Total("  in regions", **regions),
        Total("StackSets", **_counts(one.change for one in plan.stack_sets)),
        Total("stacks", **_counts(stack.change for stack in plan.stacks)),
    )


def _counts(changes: Iterable[Change]) -> dict[str, int]:
    counts = {**dict.fromkeys(ACTIONS, 0), "unchanged": 0}
    for change in changes:
        counts[_COLUMNS.get(change, "unchanged")] += 1
    return counts
