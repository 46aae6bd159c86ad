"""AWS Organizations: permissions, State and Paths, and the effects of new, moved and closed accounts.

Stock moto gives each account its own organization, has neither `Paths` nor page limits, and creates
accounts instantly. Read calls work from the management account and from any delegated administrator, everything
else from the management account only (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_permissions_overview.html).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeServiceAccess,
    OrganizationsBackend,
    organizations_backends,
)

from aws_org_sandbox import seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organization import Account, Organization, OrganizationalUnit
from aws_org_sandbox.organizations.accounts import backend_of

OPEN_TO_MEMBERS = frozenset({"DescribeOrganization", "LeaveOrganization"})
OPEN_TO_ALL = frozenset({"AcceptHandshake", "CreateOrganization", "ListHandshakesForAccount"})
"""Operations of accounts that may be in no organization yet."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of an account: `before` is None for one that joins, `after` for one that leaves."""

    organization: Organization
    before: Account | None
    after: Account | None


listeners: list[Callable[[Change], None]] = []
"""Called after each account has joined, moved, left or closed; StackSets deploy on it."""


def management_account_of(account_id: str) -> str | None:
    """The management account of an account's organization; None outside of any."""
    if account_id in organizations_backends and backend_of(account_id).org is not None:
        return account_id
    owner = organizations_backends.master_accounts.get(account_id)
    return owner[0] if owner else None


def backend_for(account_id: str) -> OrganizationsBackend:
    """moto's state of an account's organization; refuses if it has none."""
    management = management_account_of(account_id)
    if management is None:
        raise Refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return backend_of(management)


def is_delegated(account_id: str, *, service: str | None = None) -> bool:
    """Whether an account is a delegated administrator, for `service` or for any."""
    return any(
        admin.account.id == account_id and (service is None or service in admin.services)
        for admin in backend_for(account_id).admins
    )


seams.replace(FakeDelegatedAdministrator, "supported_service")(staticmethod(FakeServiceAccess.trusted_service))
# moto's list of services that can be delegated is short, and lacks StackSets; its list of trusted ones is complete.


@seams.redirects("organizations")
def acting_account(call: Call) -> str:
    """The management account, whose state contains the organization; refuses callers without permission."""
    if call.operation in OPEN_TO_ALL:
        return call.account
    management = backend_for(call.account).account_id
    reads = call.operation.startswith(("Describe", "List"))
    if (
        call.account != management
        and call.operation not in OPEN_TO_MEMBERS
        and not (reads and is_delegated(call.account))
    ):
        raise Refused("AccessDeniedException", "You don't have permissions to access this resource.")
    return management


def snapshot(account_id: str, *, with_accounts: bool = True) -> Organization:
    """The current organization of an account; reading only its OUs is enough for paths, and faster."""
    backend = backend_for(account_id)
    assert backend.org is not None
    ous = (OrganizationalUnit(id=ou.id, name=ou.name or "", parent_id=ou.parent_id) for ou in backend.ou)
    accounts = (as_account(fake) for fake in (backend.accounts if with_accounts else ()))
    return Organization(
        id=backend.org.id,
        management_account_id=backend.account_id,
        ous={ou.id: ou for ou in ous},
        accounts={account.id: account for account in accounts},
    )


def as_account(fake: FakeAccount) -> Account:
    return Account(id=fake.id, name=fake.name, parent_id=fake.parent_id, state=fake.state)


def announce(backend: OrganizationsBackend, *, before: Account | None, after: Account | None) -> None:
    """Notify the listeners of a change."""
    change = Change(organization=snapshot(backend.account_id), before=before, after=after)
    for listener in listeners:
        listener(change)


def scps_for(account_id: str) -> list[list[str]]:
    """The texts of the service control policies over an account: for each level, from the root down to the account.

    An action is allowed when at each level some policy allows it and none denies it; the management account has no
    levels, because SCPs do not apply to it.
    """
    management = management_account_of(account_id)
    if management is None or management == account_id:
        return []
    backend = backend_of(management)
    holders: list[Any] = [*backend.ou, *backend.accounts]
    by_id = {holder.id: holder for holder in holders}
    levels: list[list[str]] = []  # needed for every call, so it takes no snapshot of the whole organization
    holder = by_id.get(account_id)
    while holder is not None:
        levels.append(_policies_on(holder))
        holder = by_id.get(holder.parent_id)
    return levels[::-1]


def _policies_on(holder: Any) -> list[str]:
    return [policy.content for policy in holder.attached_policies if policy.type == "SERVICE_CONTROL_POLICY"]


def path_of(organization: Organization, account: Account) -> str:
    """`Paths` of DescribeAccount: organization, root, OUs and the account, each followed by a slash."""
    return "/".join([organization.id, *organization.chain(account.parent_id), account.id, ""])
