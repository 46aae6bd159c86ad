"""What a plan compares: the desired state, and the actual state that AWS reports. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from deployer.organization import Organization
from deployer.planning.damage import Inspection
from deployer.planning.families import DesiredStackSet, Family
from deployer.planning.opt_in import OptInRegion
from deployer.stack_sets import Operation, StackSetState
from deployer.stacks import ResourceChange, StackDefinition, StackState
from deployer.targets import Coverage, Scope

FunctionUrl = Literal["off", "deployed", "unavailable"]
"""The handler's URL: not configured, deployed, or configured in a region for which AWS documents none."""


class StackKey(NamedTuple):
    """A stack of the caller's account."""

    name: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """The desired state. StackSets are in the order in which they depend on each other."""

    organization: Organization
    scope: Scope
    artifacts: StackDefinition
    bundle_key: str
    settings_json: bytes = field(repr=False)
    central: StackDefinition
    stack_sets: tuple[DesiredStackSet, ...]
    covered: Coverage
    """Accounts and regions for which anything is desired."""
    families: tuple[Family, ...] = ()
    """Families of which StackSets may exist that are no longer desired."""
    companions: tuple[StackDefinition, ...] = ()
    """Stacks of the StackSets' templates in the management account, when that is the caller's."""
    former_companions: tuple[StackKey, ...] = ()
    """Regions in which a companion stack may be left over."""
    management_is_caller: bool = False
    opt_in_regions: tuple[OptInRegion, ...] = ()
    """Regions of the config files that accounts opt into, the management account included."""
    function_url: FunctionUrl = "off"
    configured_url: str | None = None
    """The function URL that the config files contain."""

    def scope_of(self, stack_set: str) -> Scope:
        """The part of the scope for a StackSet."""
        desired_sets = (one for one in self.stack_sets if one.definition.name == stack_set)
        return next((one.scoped(self.scope) for one in desired_sets), self.scope)


class ReplacedCode(NamedTuple):
    """A function of the central stack that does not run the zip that its template names; `digest` is what it runs."""

    function: str
    logical_id: str
    digest: str


class OperationInProgress(NamedTuple):
    """An operation in progress on a StackSet, and how many of its instances are finished."""

    stack_set: str
    operation: Operation
    over: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualState:
    """The actual state."""

    stacks: Mapping[StackKey, StackState]
    previews: Mapping[StackKey, tuple[ResourceChange, ...]]
    stack_sets: Mapping[str, StackSetState]
    """Those of the desired state, and of its families."""
    bundle_is_uploaded: bool
    settings_in_force: bytes | None = field(repr=False)
    under_way: tuple[OperationInProgress, ...] = ()
    inspection: Inspection | None = None
    """What changed in member accounts without StackSets; None if nobody looked."""
    denied_previews: frozenset[StackKey] = frozenset()
    """Stacks whose change sets the caller may not create: their templates are compared instead."""
    replaced_code: tuple[ReplacedCode, ...] = ()
    """Functions whose code was replaced without CloudFormation, which does not notice."""
