"""Composes an inspection of accounts: which stacks, and the auditor role of each account."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from deployer.inspection.central_types import CENTRAL_TYPES
from deployer.inspection.selection import select
from deployer.planning.comparison import make_plan
from deployer.planning.damage import Inspection
from deployer.planning.states import ActualState, DesiredState
from deployer.stack_sets import InstanceKey
from deployer.stacks import StackDefinition
from handler.inspection import Accounts, Damage, Found, Inspected, inspect
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """Adds to an actual state what changed in accounts without CloudFormation."""

    accounts: Accounts
    central: Accounts
    """The central account, with the caller's own credentials."""
    names: Names

    def inspected(self, desired: DesiredState, actual: ActualState) -> ActualState:
        """The same state with an inspection of the stacks in the scope that a roll-out would leave unchanged."""
        selection = select(
            make_plan(desired, actual),
            actual,
            access=self.names.access_stack_set,
            management_account=desired.organization.management_account_id,
            central_account=self.names.central_account,
        )
        found = inspect(selection.inspected, self.accounts, partition=self.names.partition, others=selection.others)
        central = self.inspect_central(selection.central)
        damaged: dict[str, dict[InstanceKey, Damage]] = defaultdict(dict)
        for one, damage in {**found.damaged, **central.damaged}.items():
            damaged[one.stack_set][InstanceKey(one.account, one.region)] = damage
        unread = {
            InstanceKey(one.account, one.region): reason for one, reason in {**found.unread, **central.unread}.items()
        }
        return replace(actual, inspection=Inspection(damaged=damaged, unread={**selection.unread, **unread}))

    def inspect_central(self, stacks: tuple[Inspected, ...]) -> Found:
        """Compare the resources of central stacks with these templates."""
        return inspect(stacks, self.central, partition=self.names.partition, types=CENTRAL_TYPES)

    def central_damage(self, definition: StackDefinition) -> tuple[str, ...]:
        """What differs from the template of a central stack now, or could not be read."""
        account = self.names.central_account
        stack = Inspected(stack_set=definition.name, body=definition.body, account=account, region=definition.region)
        found = self.inspect_central((stack,))
        return (*(text for damage in found.damaged.values() for text in damage.problems), *found.unread.values())
