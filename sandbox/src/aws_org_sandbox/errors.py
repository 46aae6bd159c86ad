"""What a user of the sandbox can get instead of a result. Each class owns its exit code.

SandboxError                  7   the sandbox is not running, does not answer, or cannot start
├── OrganizationFileError     3   the file of an organization is broken, or does not fit the other options
├── PortInUseError            8   its port is taken
├── UnknownAccountError      11   the organization has no such account
└── MissingFileError         12   a file cannot be read
"""

from __future__ import annotations

from typing import ClassVar


class SandboxError(Exception):
    """The sandbox is not running, does not answer, or cannot start; `next_step` is what to do about it."""

    exit_code: ClassVar[int] = 7

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class PortInUseError(SandboxError):
    """Another program listens on the port."""

    exit_code = 8


class OrganizationFileError(SandboxError):
    """The file of an organization is broken, or does not fit the other options; the message names file and key."""

    exit_code = 3


class UnknownAccountError(SandboxError):
    """The organization has no such account."""

    exit_code = 11


class MissingFileError(SandboxError):
    """A file cannot be read."""

    exit_code = 12
