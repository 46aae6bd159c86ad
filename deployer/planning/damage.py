"""What changed in member accounts without StackSets: stack instances whose resources are not as they were deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer.stack_sets import InstanceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The differences between one stack instance's template and the resources in the account."""

    problems: tuple[str, ...]
    is_stack_gone: bool = False
    """Whether the stack was deleted without StackSets."""
    waiting: int = 0
    """Messages in the instance's dead-letter queue, which is deleted with the stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of an inspection: damage by StackSet and instance, and what could not be read."""

    damaged: Mapping[str, Mapping[InstanceKey, Damage]] = field(default_factory=dict)
    unread: Mapping[InstanceKey, str] = field(default_factory=dict)
    """Accounts and regions that could not be read, each with the reason."""

    def of(self, stack_set: str) -> Mapping[InstanceKey, Damage]:
        """The damaged instances of a StackSet."""
        return self.damaged.get(stack_set, {})
