"""Composes an inspection of member accounts: which stack instances, and the auditor role of each account."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployer.inspection.inspecting import Accounts, inspect
from deployer.inspection.selection import select
from deployer.planning.plan import make_plan
from deployer.planning.states import ActualState, DesiredState
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """Adds to an actual state what changed in member accounts without StackSets."""

    accounts: Accounts
    names: Names

    def inspected(self, desired: DesiredState, actual: ActualState) -> ActualState:
        """The same state with an inspection of the instances in the scope that a roll-out would leave unchanged."""
        selection = select(make_plan(desired, actual), actual, access=self.names.access_stack_set)
        found = inspect(selection.inspected, self.accounts, partition=self.names.partition, others=selection.others)
        return replace(actual, inspection=replace(found, unread={**selection.unread, **found.unread}))
