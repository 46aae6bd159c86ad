"""Everything that a roll-out reads and changes, as Protocols that `deployer.aws` fulfils."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from deployer.clock import Clock
from deployer.stack_sets import StackSets
from deployer.stacks import Stacks


class Artifacts(Protocol):
    """The bucket that the handler's zip is in."""

    def has(self, key: str) -> bool: ...

    def fetch(self, key: str) -> bytes | None: ...

    def upload(self, key: str, data: bytes) -> None: ...


class Functions(Protocol):
    """The functions of the central account."""

    def code_digest(self, name: str) -> str | None:
        """The SHA-256 of a function's zip in hex; None if there is no such function."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Everything that a roll-out acts on."""

    stacks: Stacks
    stack_sets: StackSets
    artifacts: Artifacts
    functions: Functions
    clock: Clock
