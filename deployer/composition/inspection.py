"""Composes an inspection of accounts: which stacks, and the auditor role of each account."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from deployer.inspection.selection import select
from deployer.planning.comparison import make_plan
from deployer.planning.damage import Inspection
from deployer.planning.states import ActualState, DesiredState
from deployer.stack_sets import InstanceKey
from handler.inspection import Accounts, Damage, inspect
from templates.names import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """Adds to an actual state what changed in accounts without CloudFormation."""

    accounts: Accounts
    names: Names

    def inspected(self, desired: DesiredState, actual: ActualState) -> ActualState:
        """The same state with an inspection of the stacks in the scope that a roll-out would leave unchanged."""
        selection = select(
            make_plan(desired, actual),
            actual,
            access=self.names.access_stack_set,
            management_account=desired.organization.management_account_id,
        )
        found = inspect(selection.inspected, self.accounts, partition=self.names.partition, others=selection.others)
        damaged: dict[str, dict[InstanceKey, Damage]] = defaultdict(dict)
        for one, damage in found.damaged.items():
            damaged[one.stack_set][InstanceKey(one.account, one.region)] = damage
        unread = {InstanceKey(one.account, one.region): reason for one, reason in found.unread.items()}
        return replace(actual, inspection=Inspection(damaged=damaged, unread={**selection.unread, **unread}))
