"""Opt-in regions that the management account must have enabled too, as far as that is known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from deployer.stack_sets import StackSetState

OptInStatus = Literal["enabled", "disabled", "unknown"]


class OptInRegion(NamedTuple):
    """A region that accounts opt into, and whether the management account has."""

    region: str
    status: OptInStatus


def opt_in_warnings(
    regions: Iterable[OptInRegion], *, covered: Collection[str], stack_sets: Iterable[StackSetState]
) -> tuple[OptInRegion, ...]:
    """Those in which instances may fail; an instance that is CURRENT proves its region, unless AWS denies it."""
    proven = {one.region for state in stack_sets for one in state.instances if one.is_current}
    return tuple(
        one
        for one in regions
        if one.region in covered
        and (one.status == "disabled" or (one.status == "unknown" and one.region not in proven))
    )
