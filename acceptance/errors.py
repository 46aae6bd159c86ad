"""Errors that stop an acceptance run, each with the next step.

AcceptanceError
├── SetupError      before anything is created: credentials, accounts, OUs
├── UsageError      the command line is invalid
├── WaitError       AWS did not reach the expected state in time
└── LeftoversError  something could not be removed
"""

from __future__ import annotations


class AcceptanceError(Exception):
    """What happened; `next_step` is how to resolve it."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class SetupError(AcceptanceError):
    """The credentials or the organization are unsuitable; nothing was created."""


class UsageError(AcceptanceError):
    """The command line is invalid; AWS was not called."""

    exit_code = 64


class WaitError(AcceptanceError):
    """Something did not happen in time."""


class LeftoversError(AcceptanceError):
    """Something that a run created could not be removed."""
