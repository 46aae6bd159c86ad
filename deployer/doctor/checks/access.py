"""Who calls: credentials that AWS accepts, of the account that the config files call central."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.facts import Facts, Unread
from deployer.doctor.finding import Finding, problem, unchecked

WHO = "aws sts get-caller-identity"
SIGN_IN = "Sign in, or set AWS_PROFILE or --profile, then run this:"


def credentials(facts: Facts) -> Iterator[Finding]:
    """AWS accepts the credentials."""
    if isinstance(facts.caller, Unread):
        yield problem(f"The credentials do not work: {facts.caller.reason}", SIGN_IN, WHO)


def account(facts: Facts) -> Iterator[Finding]:
    """The caller is in the central account."""
    central, caller = facts.names.central_account, facts.caller
    if isinstance(caller, Unread):
        yield unchecked("whose credentials these are", caller, "Sign in first.", WHO)
    elif caller.account != central:
        yield problem(
            f"The credentials are of account {caller.account} ({caller.arn}); organization.yaml names {central} as "
            "the central account",
            "Use credentials of the central account, or change `central.account` in organization.yaml.",
            WHO,
        )
