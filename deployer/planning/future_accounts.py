"""Coverage of future accounts, if AWS's targets cannot express exactly what is desired for them. Pure.

AWS covers new accounts of every OU that was ever named in a creation, with all OUs below it, whatever accounts the call
was limited to (assumption A3). https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
So an OU cannot be covered without those below it. If accounts directly in it are named, those below get too much;
if there are none to name, it gets too little. Either way only until the next roll-out, and meanwhile the handler
refuses pushes that no settings cover.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from deployer.targets import AccountTarget, Coverage, OuTarget, Regions, Targets

_NONE: Regions = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overreach:
    """Regions in which AWS covers new accounts of an OU that does not require it, since `via` is registered."""

    ou_id: str
    via: str
    regions: Regions
    is_left_over: bool = False
    """Whether earlier settings caused it, rather than accounts that are named beside `via`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Regions that an OU requires, and in which AWS does not cover its new accounts."""

    ou_id: str
    regions: Regions


def overreach(coverage: Coverage, targets: Targets, *, kept: Mapping[str, Regions]) -> tuple[Overreach, ...]:
    """OUs whose new accounts get too much. `kept` are the OUs and regions that stay registered from before."""
    named = _by_ou(targets.accounts)
    known = coverage.organization.ous
    left_over = {via: regions - named.get(via, _NONE) for via, regions in kept.items() if via in known}
    return (
        *_beyond(coverage, named, is_left_over=False),
        *_beyond(coverage, left_over, is_left_over=True),
    )


def gaps(coverage: Coverage, targets: Targets, *, kept: Mapping[str, Regions]) -> tuple[Gap, ...]:
    """OUs whose new accounts get too little."""
    found: list[Gap] = []
    registered = (_by_ou(targets.ous), _by_ou(targets.accounts), kept)

    def visit(ou_id: str, above: Regions) -> None:
        covered = above.union(*(regions.get(ou_id, _NONE) for regions in registered))
        if missing := coverage.ous.get(ou_id, _NONE) - covered:
            found.append(Gap(ou_id=ou_id, regions=missing))
        for child in coverage.children(ou_id):
            visit(child, covered)

    visit(coverage.organization.root.id, _NONE)
    return tuple(found)


def _by_ou(targets: Iterable[OuTarget | AccountTarget]) -> Mapping[str, Regions]:
    """OUs with the regions that naming them, or accounts beside them, registers with AWS."""
    by_ou: dict[str, Regions] = defaultdict(frozenset)
    for target in targets:
        by_ou[target.ou_id] |= target.regions
    return by_ou


def _beyond(coverage: Coverage, registered: Mapping[str, Regions], *, is_left_over: bool) -> Iterator[Overreach]:
    for via, regions in sorted(registered.items()):
        for below in _self_and_below(coverage, via):
            if beyond := regions - coverage.ous.get(below, _NONE):
                yield Overreach(ou_id=below, via=via, regions=beyond, is_left_over=is_left_over)


def _self_and_below(coverage: Coverage, ou_id: str) -> Iterator[str]:
    yield ou_id
    for child in coverage.children(ou_id):
        yield from _self_and_below(coverage, child)
