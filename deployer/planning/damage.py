"""What changed in accounts without CloudFormation: stacks whose resources are not as they were deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.stack_sets import InstanceKey
from handler.inspection import UNTIL_REPAIRED, Damage

OLD_ROLES = "its roles are not as the config files define them yet: run `deployer rollout --org`, then inspect again"
_UNTIL_A_ROLL_OUT = frozenset({OLD_ROLES, UNTIL_REPAIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of an inspection: damage by StackSet and instance, and what could not be read.

    A companion stack has the name of a StackSet, which never has an instance in the management account. So it is in
    `damaged` under that name, with the management account.
    """

    damaged: Mapping[str, Mapping[InstanceKey, Damage]] = field(default_factory=dict)
    unread: Mapping[InstanceKey, str] = field(default_factory=dict)
    """Accounts and regions that could not be read, each with the reason."""

    @property
    def unreadable(self) -> Mapping[InstanceKey, str]:
        """Those of `unread` that a roll-out does not make readable: it repairs the roles of damaged accounts."""
        repaired = {key.account for found in self.damaged.values() for key in found}
        return {
            key: reason
            for key, reason in self.unread.items()
            if reason not in _UNTIL_A_ROLL_OUT and key.account not in repaired
        }

    def of(self, stack_set: str) -> Mapping[InstanceKey, Damage]:
        """The damaged instances of a StackSet, and its damaged companion stacks."""
        return self.damaged.get(stack_set, {})
