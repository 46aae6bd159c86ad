"""Invitations of accounts that have left the organization: InviteAccountToOrganization and AcceptHandshake.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_invites.html
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_org_sandbox import seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organizations import changes, membership

LIFETIME = timedelta(days=15)

_invitations: dict[str, Invitation] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A handshake that invites one account."""

    id: str
    management_account: str
    organization_id: str
    account: str
    state: str = "OPEN"
    requested: datetime = field(default_factory=lambda: datetime.now(UTC))

    def describe(self) -> dict[str, Any]:
        owner = f"arn:aws:organizations::{self.management_account}:handshake"
        return {
            "Id": self.id,
            "Arn": f"{owner}/{self.organization_id}/invite/{self.id}",
            "Parties": [
                {"Id": self.organization_id.removeprefix("o-"), "Type": "ORGANIZATION"},
                {"Id": self.account, "Type": "ACCOUNT"},
            ],
            "State": self.state,
            "RequestedTimestamp": self.requested,
            "ExpirationTimestamp": self.requested + LIFETIME,
            "Action": "INVITE",
            "Resources": [{"Type": "ACCOUNT", "Value": self.account}],
        }


@seams.answers("organizations", "InviteAccountToOrganization")
def invite_account_to_organization(call: Call) -> Mapping[str, Any]:
    """An open invitation; of accounts that were in the organization before, because the sandbox has no others."""
    backend, target = membership.backend_for(call.account), call.parameters["Target"]
    account = str(target["Id"])
    if target["Type"] != "ACCOUNT":
        raise Refused("InvalidInputException", "The sandbox invites accounts by their id (Type ACCOUNT) only.")
    if membership.management_account_of(account) is not None:
        raise Refused(
            "HandshakeConstraintViolationException",
            "ALREADY_IN_AN_ORGANIZATION: the account is a member of an organization.",
        )
    changes.required_former_account(backend, account)
    if any(one.account == account and one.state == "OPEN" for one in _invitations.values()):
        raise Refused("DuplicateHandshakeException", "A handshake for this account exists already.")
    assert backend.org is not None
    invitation = Invitation(
        id="h-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(32)),
        management_account=backend.account_id,
        organization_id=backend.org.id,
        account=account,
    )
    _invitations[invitation.id] = invitation
    return {"Handshake": invitation.describe()}


@seams.answers("organizations", "ListHandshakesForAccount")
def list_handshakes_for_account(call: Call) -> Mapping[str, Any]:
    """The invitations of the caller's account."""
    return {"Handshakes": [one.describe() for one in _invitations.values() if one.account == call.account]}


@seams.answers("organizations", "AcceptHandshake")
def accept_handshake(call: Call) -> Mapping[str, Any]:
    """The invited account joins the root of the organization."""
    invitation = _invitations.get(call.parameters["HandshakeId"])
    if invitation is None or invitation.account != call.account:
        raise Refused("HandshakeNotFoundException", "We can't find a handshake with the HandshakeId you specified.")
    if invitation.state != "OPEN":
        raise Refused("HandshakeAlreadyInStateException", "The specified handshake is already in the requested state.")
    changes.readmit_account(invitation.management_account, account_id=invitation.account)
    accepted = replace(invitation, state="ACCEPTED")
    _invitations[invitation.id] = accepted
    return {"Handshake": accepted.describe()}


@seams.on_reset
def forget() -> None:
    """Drop every invitation."""
    _invitations.clear()
