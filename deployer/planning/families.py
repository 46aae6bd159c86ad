"""StackSets of one family set the same thing with different content: an instance is in at most one of them. Pure.

Moving from one to another is a removal and a creation, and the removal resets what the other one has set. So removals
come first; if two exist in one account and region, the desired one is removed too and created again, since removing the
other one would leave it CURRENT and without effect. AWS itself may bring that about, when an account moves between OUs
or a deletion fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from deployer.organization import Organization
from deployer.stack_sets import InstanceKey, StackSetDefinition, StackSetState
from deployer.targets import Coverage, Scope, desired_instances


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """StackSets that are distinguished by a digest of their content; `afterwards` is what a removal leaves behind."""

    prefix: str
    afterwards: str
    before_central: bool = False
    """Whether its instances are created before the central stack changes, if the handler serves there already."""

    @property
    def companion(self) -> str:
        """The stack of the management account that takes the place of an instance."""
        return self.prefix.removesuffix("-")

    def has(self, stack_set: str) -> bool:
        return re.fullmatch(rf"{re.escape(self.prefix)}[0-9a-f]{{8}}", stack_set) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredStackSet:
    """A StackSet and the desired locations of its instances."""

    definition: StackSetDefinition
    coverage: Coverage
    family: Family | None = None
    is_retired: bool = False
    """Left over from earlier settings: no longer desired anywhere."""
    follows: Coverage | None = None
    """For resources that are global in an account: the coverage of the regions that they serve."""
    loss: str = ""
    """What an account loses with an instance; a family has `afterwards`."""

    def scoped(self, scope: Scope) -> Scope:
        """The part of the scope for this StackSet: of some regions, accounts that require something in those."""
        if self.follows is None or scope.regions is None:
            return scope
        keys = desired_instances(self.follows, scope)
        return Scope(account_ids=frozenset(key.account for key in keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """The other StackSets of a family: their actual and desired locations."""

    there: frozenset[InstanceKey] = frozenset()
    desired: frozenset[InstanceKey] = frozenset()


def with_retired(
    desired_sets: Iterable[DesiredStackSet],
    families: Iterable[Family],
    found: Mapping[str, StackSetState],
    organization: Organization,
) -> tuple[DesiredStackSet, ...]:
    """The desired StackSets, and those of earlier settings that still exist, desired nowhere."""
    desired_sets = tuple(desired_sets)
    named = {one.definition.name for one in desired_sets}
    return (*desired_sets, *_retired(named, tuple(families), found, organization))


def _retired(
    named: set[str], families: tuple[Family, ...], found: Mapping[str, StackSetState], organization: Organization
) -> Iterator[DesiredStackSet]:
    nowhere = Coverage(organization=organization, ous={}, accounts={})
    for name, state in sorted(found.items()):
        family = next((one for one in families if one.has(name)), None)
        if family is not None and name not in named:
            yield DesiredStackSet(
                definition=StackSetDefinition(
                    name=name, description=state.description, body=state.body, depends_on=state.depends_on
                ),
                coverage=nowhere,
                family=family,
                is_retired=True,
            )


def siblings_of(
    desired: DesiredStackSet, desired_sets: Iterable[DesiredStackSet], scope: Scope, found: Mapping[str, StackSetState]
) -> Siblings:
    """The other members of its family that exist or are desired; empty if it has none."""
    others = (
        [one for one in desired_sets if one.family == desired.family and one is not desired] if desired.family else []
    )
    states = [found[one.definition.name] for one in others if one.definition.name in found]
    return Siblings(
        there=frozenset(instance.key for state in states for instance in state.instances),
        desired=frozenset(key for one in others for key in desired_instances(one.coverage, scope)),
    )
