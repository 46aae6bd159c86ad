"""The plan: the typed changes from actual to desired state, as `planning.comparison` finds them.

A roll-out makes the changes of the plan and no others. The plan also lists what is unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from deployer.planning.damage import Inspection
from deployer.planning.families import Family
from deployer.planning.future_accounts import Gap, Overreach
from deployer.planning.instances import InstancePlan, instances_of
from deployer.planning.opt_in import OptInRegion
from deployer.planning.settings_changes import SettingsChange
from deployer.planning.skips import Skip
from deployer.planning.states import FunctionUrl, OperationInProgress, StackKey
from deployer.stack_sets import InstanceKey, InstanceOperation, StackSetDefinition
from deployer.stacks import ResourceChange, StackDefinition
from deployer.targets import Scope
from handler.inspection import Damage

_DIGITS = len("handler/") + 12

Change = Literal["create", "update", "replace", "delete", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """The change of one stack; `definition` is None if it is deleted."""

    key: StackKey
    change: Change
    definition: StackDefinition | None
    resources: tuple[ResourceChange, ...] = ()
    is_preview_denied: bool = False
    """Whether `resources` compare templates because the caller may not create a change set."""
    restored_functions: tuple[str, ...] = ()
    """Functions whose code was replaced without CloudFormation; their zip is deployed again."""
    damage: Damage | None = None
    """How its resources were changed without CloudFormation. A companion stack is deleted and created again, unless
    something was added to it; a central stack is updated."""

    @property
    def is_repaired(self) -> bool:
        """Whether the stack is deleted and created again, since its resources were changed without CloudFormation."""
        return self.damage is not None and self.change == "replace"

    @property
    def is_reverted(self) -> bool:
        """Whether an update also reverts what was changed without CloudFormation."""
        return self.damage is not None and self.change == "update" and bool(self.damage.problems)

    @property
    def is_blocked(self) -> bool:
        """Whether the stack remains damaged until something is removed that somebody added."""
        return self.damage is not None and (
            self.change == "unchanged" or (self.change == "update" and bool(self.damage.additions))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSetPlan:
    """The change of one StackSet and its instances."""

    definition: StackSetDefinition
    change: Change
    resources: tuple[ResourceChange, ...]
    properties: tuple[str, ...]
    """Properties of the StackSet itself that differ, as text."""
    only: tuple[InstanceOperation, ...] | None
    """Groups of instances that a change is limited to; None if it concerns every instance of the StackSet."""
    rewritten: int
    """How many instances the change of the StackSet updates, except one that is created for it."""
    instances: InstancePlan
    damaged: Mapping[InstanceKey, Damage] = field(default_factory=dict)
    """What is wrong with `instances.repaired` and `instances.blocked`."""
    creates_first: bool = False
    """Whether the first creation comes before the change of the StackSet, because the scope has no instance yet.

    UpdateStackSet takes no template without updating at least one instance, and those out of the scope stay
    unchanged. A new instance may get the old template first, and the new one by the update:
    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StackSets.html
    """
    overreach: tuple[Overreach, ...] = ()
    gaps: tuple[Gap, ...] = ()
    family: Family | None = None
    loss: str = ""
    """What an account loses with an instance."""

    @property
    def is_empty(self) -> bool:
        return self.change == "unchanged" and self.instances.is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every change of a roll-out, in the order in which they are made."""

    artifacts: StackPlan
    bundle_key: str
    uploads_bundle: bool
    settings: tuple[SettingsChange, ...]
    central: StackPlan
    stack_sets: tuple[StackSetPlan, ...]
    companions: tuple[StackPlan, ...]
    skips: tuple[Skip, ...]
    scope: Scope
    early_companions: frozenset[str] = frozenset()
    """Names of companions that may be created before the central stack changes: see `planning.engine_switch`."""
    under_way: tuple[OperationInProgress, ...] = ()
    """Operations of others, or of an earlier run, that are still in progress: what they do is not in the plan."""
    opt_in_warnings: tuple[OptInRegion, ...] = ()
    """Regions in which instances may fail because the management account has not opted into them."""
    function_url: FunctionUrl = "off"
    configured_url: str | None = None
    """The function URL that the config files contain."""
    current_url: str | None = None
    """The handler's function URL, if it has one already."""
    inspection: Inspection | None = None
    management_account: str = ""

    @property
    def bundle_name(self) -> str:
        """The zip's key with enough of its digest to distinguish it."""
        name, _, ending = self.bundle_key.rpartition(".")
        return f"{name[:_DIGITS]}….{ending}" if len(name) > _DIGITS else self.bundle_key

    @property
    def stacks(self) -> tuple[StackPlan, ...]:
        return (self.artifacts, self.central, *self.companions)

    @property
    def is_empty(self) -> bool:
        stacks = all(stack.change == "unchanged" for stack in self.stacks)
        return stacks and not self.uploads_bundle and all(stack_set.is_empty for stack_set in self.stack_sets)

    @property
    def unreadable(self) -> int:
        """Accounts whose resources an inspection could not read, and that a roll-out does not make readable."""
        return len({key.account for key in self.inspection.unreadable}) if self.inspection else 0

    @property
    def creations(self) -> int:
        """Stack instances that are created."""
        return sum(len(instances_of(one.instances.create)) for one in self.stack_sets)

    @property
    def updates(self) -> int:
        """Stack instances that are updated, by themselves or with their StackSet."""
        return sum(one.rewritten + len(instances_of(one.instances.update)) for one in self.stack_sets)

    @property
    def repairs(self) -> int:
        """Stack instances and companion stacks that are deleted and created again, since they are damaged."""
        companions = sum(one.is_repaired for one in self.companions)
        return companions + sum(len(one.instances.repaired) for one in self.stack_sets)

    @property
    def blocked(self) -> tuple[tuple[InstanceKey, Damage], ...]:
        """Damage that no roll-out repairs until something is removed that somebody added, by account and region."""
        management = self.management_account
        found = [(key, one.damaged[key]) for one in self.stack_sets for key in one.instances.blocked]
        found += [(key, Damage(additions=damage.additions)) for one in (self.artifacts, self.central)
                  if one.is_blocked and self.inspection
                  for key, damage in self.inspection.of(one.key.name).items()]  # fmt: skip
        found += [(InstanceKey(management, one.key.region), one.damage) for one in self.companions
                  if one.is_blocked and one.damage is not None]  # fmt: skip
        return tuple(sorted(found, key=lambda one: one[0]))

    @property
    def unchanged(self) -> int:
        """Stack instances that are in sync."""
        return sum(one.instances.unchanged for one in self.stack_sets)

    @property
    def skipped(self) -> tuple[InstanceKey, ...]:
        """Stack instances that AWS skips because their accounts are suspended."""
        return tuple(instance.key for one in self.stack_sets for instance in one.instances.skipped)

    @property
    def deletions(self) -> int:
        """Stack instances that are deleted and not replaced, neither by themselves nor by a sibling StackSet's."""
        return sum(one.instances.deletions for one in self.stack_sets)
