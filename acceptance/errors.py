"""Why acceptance stops: each with what to do next.

AcceptanceError
├── SetupError      before anything is created: credentials, accounts, OUs
├── UsageError      the command line is wrong
├── WaitError       AWS did not get there in time
└── LeftoversError  something could not be removed
"""

from __future__ import annotations


class AcceptanceError(Exception):
    """What happened; `next_step` is what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class SetupError(AcceptanceError):
    """The credentials or the organization do not fit; nothing was created."""


class UsageError(AcceptanceError):
    """The command line is wrong; nothing was asked of AWS."""

    exit_code = 64


class WaitError(AcceptanceError):
    """Something did not happen in time."""


class LeftoversError(AcceptanceError):
    """Something that a run created could not be removed."""
