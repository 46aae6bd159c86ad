"""The store of StackSets: in the management account, by region."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from aws_org_sandbox import seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.stack_sets.access import administered
from aws_org_sandbox.stack_sets.model import StackSet

_lock = threading.Lock()
_stack_sets: list[StackSet] = []


def add(stack_set: StackSet) -> None:
    """Store a new StackSet."""
    with _lock:
        _stack_sets.append(stack_set)


def stack_sets(management_account: str, region: str | None = None) -> Iterator[StackSet]:
    """The StackSets of an organization that are not deleted, in one region or in all, oldest first."""
    with _lock:
        kept = tuple(_stack_sets)
    for stack_set in kept:
        mine = stack_set.management_account == management_account and region in {None, stack_set.region}
        if mine and stack_set.status == "ACTIVE":
            yield stack_set


def deleted_stack_sets(management_account: str, region: str) -> list[StackSet]:
    """Those that were deleted, which ListStackSets still shows."""
    with _lock:
        kept = tuple(_stack_sets)
    gone = (stack_set for stack_set in kept if stack_set.status == "DELETED")
    return [item for item in gone if item.management_account == management_account and item.region == region]


def find(management_account: str, region: str, name: str) -> StackSet | None:
    """A StackSet by its name, its id or its ARN."""
    for stack_set in stack_sets(management_account, region):
        if name in {stack_set.name, stack_set.id, stack_set.arn}:
            return stack_set
    return None


def required(call: Call) -> StackSet:
    """The StackSet that a call names, if the caller's CallAs makes it visible."""
    name = str(call.parameters["StackSetName"])
    management = administered(call)
    found = find(management, call.region, name) if management else None
    if found is None:
        raise Refused("StackSetNotFoundException", f"StackSet {name.partition(':')[0]} not found", status=404)
    return found


@seams.on_reset
def forget() -> None:
    """Drop every StackSet."""
    with _lock:
        _stack_sets.clear()
