"""The caller: credentials that AWS accepts, of the central account that the config files name."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import ActualState, Unread
from deployer.doctor.finding import Finding, problem, unchecked

WHO = "aws sts get-caller-identity"
SIGN_IN = "Sign in, or set AWS_PROFILE or --profile, then run:"


def credentials(actual: ActualState) -> Iterator[Finding]:
    """AWS accepts the credentials."""
    if isinstance(actual.caller, Unread):
        yield problem(f"The credentials do not work: {actual.caller.reason}", SIGN_IN, WHO)


def account(actual: ActualState) -> Iterator[Finding]:
    """The caller is in the central account."""
    central, caller = actual.names.central_account, actual.caller
    if isinstance(caller, Unread):
        yield unchecked("whose credentials these are", caller, "Sign in first.", WHO)
    elif caller.account != central:
        yield problem(
            f"The credentials are of account {caller.account}, but the central account is "
            f"{central}. They belong to {caller.arn}",
            "Use credentials of the central account, or change `central.account` in organization.yaml.",
            WHO,
        )
