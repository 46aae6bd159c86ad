"""Installations: the organization has none, or the one that the config files describe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deployer.doctor.actual_state import ActualState, Unread
from deployer.doctor.finding import Finding, problem, unchecked
from deployer.planning.other_installations import next_step, other_installations


def installations(actual: ActualState) -> Iterator[Finding]:
    """No StackSet in any enabled region, and no bucket of the account, belongs to another installation."""
    if isinstance(actual.installations, Unread):
        yield unchecked("the installations", actual.installations, *_show(actual, [actual.names.central_region]))
        return
    for one in other_installations(actual.names, actual.installations):
        yield problem(f"Another installation of deployer exists: {one}", next_step(actual.names, [one]))
    if actual.unread_regions:
        reason = next(iter(actual.unread_regions.values()))
        yield unchecked(
            f"installations in {', '.join(actual.unread_regions)}",
            Unread(action="cloudformation:ListStackSets", reason=reason),
            *_show(actual, actual.unread_regions),
        )


def _show(actual: ActualState, regions: Iterable[str]) -> Iterator[str]:
    """What shows StackSets to a person who may list them."""
    call_as = "SELF" if actual.is_management else "DELEGATED_ADMIN"
    yield "In the central account, run:"
    for region in regions:
        yield f"aws cloudformation list-stack-sets --status ACTIVE --call-as {call_as} --region {region}"
