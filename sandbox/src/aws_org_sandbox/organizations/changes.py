"""Changes of an organization: accounts that join, move, leave and close, OUs created and deleted.

As in AWS, accounts are created and closed in the background. Each change is reported to the listeners of
`aws_org_sandbox.organizations.membership`, because StackSets deploy on it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from moto.core.utils import utcnow
from moto.organizations import utils
from moto.organizations.models import FakeAccount, OrganizationsBackend

from aws_org_sandbox import background, seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organization import ACTIVE, Account, OrganizationalUnit
from aws_org_sandbox.organizations import accounts, membership
from aws_org_sandbox.organizations.reads import existing_parent

CREATION_SECONDS = 30.0
CLOSING_SECONDS = 10.0
MAX_DEPTH = 5
"""Levels of OUs below the root: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"""

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def create_account(management_account: str, *, name: str, ou_id: str | None = None) -> Account:
    """A new account, ready at once; it starts in the root and then moves, as in AWS."""
    backend = accounts.backend_of(management_account)
    fake = _begin_account(backend, name=name, email=f"{name}@example.com")
    _finish_account(backend, fake)
    if ou_id is not None:
        move_account(management_account, account_id=fake.id, ou_id=ou_id)
    return membership.as_account(fake)


def move_account(management_account: str, *, account_id: str, ou_id: str) -> None:
    """Put an account into another OU or the root; refuses unknown ones."""
    backend = accounts.backend_of(management_account)
    fake = backend.get_account_by_id(account_id)
    before = membership.as_account(fake)
    fake.parent_id = existing_parent(backend, ou_id).id
    membership.announce(backend, before=before, after=membership.as_account(fake))


def remove_account(management_account: str, *, account_id: str) -> None:
    """Make a member a standalone account; refuses the management account and delegated administrators.

    Its resources stay, and so do the stacks that StackSets retain. Its tags and policies in the organization end.
    """
    backend = accounts.backend_of(management_account)
    fake = backend.get_account_by_id(account_id)
    if fake.id == backend.account_id:
        raise Refused(
            "MasterCannotLeaveOrganizationException", "You can't remove a management account from an organization."
        )
    if membership.is_delegated(fake.id):
        raise Refused(
            "ConstraintViolationException",
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG: the account is a delegated administrator.",
        )
    before = membership.as_account(fake)
    backend.remove_account_from_organization(AccountId=fake.id)
    fake.attached_policies, fake.tags = [], {}
    _former(backend)[fake.id] = fake
    membership.announce(backend, before=before, after=None)


def readmit_account(management_account: str, *, account_id: str, ou_id: str | None = None) -> Account:
    """Put an account that has left back into the organization: into the root, as in AWS, and then into an OU."""
    backend = accounts.backend_of(management_account)
    assert backend.org is not None
    fake = required_former_account(backend, account_id)
    del _former(backend)[account_id]
    fake.parent_id, fake.joined_method, fake.create_time = backend.org.root_id, "INVITED", utcnow()
    accounts.enroll(backend, fake)
    membership.announce(backend, before=None, after=membership.as_account(fake))
    if ou_id is not None:
        move_account(management_account, account_id=fake.id, ou_id=ou_id)
    return membership.as_account(fake)


def required_former_account(backend: OrganizationsBackend, account_id: str) -> FakeAccount:
    """An account that has left the organization; refuses any other, because the sandbox has none."""
    if account_id not in _former(backend):
        message = f"The sandbox has no account {account_id} outside of the organization."
        raise Refused("InvalidInputException", message)
    return _former(backend)[account_id]


def suspend_account(management_account: str, *, account_id: str) -> None:
    """Make an account SUSPENDED at once."""
    backend = accounts.backend_of(management_account)
    _change_state(backend, backend.get_account_by_id(account_id), "SUSPENDED")


def create_ou(management_account: str, *, name: str, parent_id: str) -> OrganizationalUnit:
    """A new OU; refuses a duplicate name in the same parent, and an OU that is too deep."""
    backend = accounts.backend_of(management_account)
    existing_parent(backend, parent_id)
    if any(ou.parent_id == parent_id and ou.name == name for ou in backend.ou):
        raise Refused("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
    if len(membership.snapshot(management_account).chain(parent_id)) > MAX_DEPTH:
        raise Refused(
            "ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED: the OU tree is at most five levels deep."
        )
    assert backend.org is not None
    id_ = utils.make_random_ou_id(backend.org.root_id)
    accounts.add_ou(backend, id_=id_, name=name, parent_id=parent_id)
    return OrganizationalUnit(id=id_, name=name, parent_id=parent_id)


@seams.answers("organizations", "CreateAccount")
def answer_create_account(call: Call) -> Mapping[str, Any]:
    """IN_PROGRESS now, SUCCEEDED later: see DescribeCreateAccountStatus."""
    backend = membership.backend_for(call.account)
    email = call.parameters["Email"]
    if not _EMAIL.fullmatch(email):
        raise Refused("InvalidInputException", "You specified an invalid value: email.")
    fake = _begin_account(backend, name=call.parameters["AccountName"], email=email)
    begun = _creation(fake)
    background.submit(_finish_account, backend, fake, delay=CREATION_SECONDS)
    return begun


@seams.answers("organizations", "DescribeCreateAccountStatus")
def answer_describe_create_account_status(call: Call) -> Mapping[str, Any]:
    """The status of an account's creation."""
    requested = call.parameters["CreateAccountRequestId"]
    for fake in _all_accounts(membership.backend_for(call.account)):
        if fake.create_account_status_id == requested:
            return _creation(fake)
    raise Refused("CreateAccountStatusNotFoundException", "We can't find a create account request with that id.")


@seams.answers("organizations", "MoveAccount")
def answer_move_account(call: Call) -> Mapping[str, Any]:
    """Move an account from its parent; refuses any other source parent."""
    backend = membership.backend_for(call.account)
    source, destination = call.parameters["SourceParentId"], call.parameters["DestinationParentId"]
    fake = backend.get_account_by_id(call.parameters["AccountId"])
    known = {ou.id for ou in backend.ou}
    if source not in known or fake.parent_id != source:
        raise Refused(
            "SourceParentNotFoundException", "We can't find a source root or OU with the ParentId that you specified."
        )
    if destination not in known:
        raise Refused(
            "DestinationParentNotFoundException",
            "We can't find the destination container with the ParentId that you specified.",
        )
    if source == destination:
        raise Refused("DuplicateAccountException", "The account is already present in the specified destination.")
    move_account(backend.account_id, account_id=fake.id, ou_id=destination)
    return {}


@seams.answers("organizations", "CloseAccount")
def answer_close_account(call: Call) -> Mapping[str, Any]:
    """PENDING_CLOSURE now, SUSPENDED later."""
    backend = membership.backend_for(call.account)
    fake = backend.get_account_by_id(call.parameters["AccountId"])
    if fake.id == backend.account_id:
        raise Refused(
            "ConstraintViolationException", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT: you can't close the management account."
        )
    if fake.state != ACTIVE:
        raise Refused("AccountAlreadyClosedException", "You attempted to close an account that is already closed.")
    _change_state(backend, fake, "PENDING_CLOSURE")
    background.submit(_change_state, backend, fake, "SUSPENDED", delay=CLOSING_SECONDS)
    return {}


@seams.answers("organizations", "RemoveAccountFromOrganization")
def answer_remove_account_from_organization(call: Call) -> Mapping[str, Any]:
    """The account is standalone at once; StackSets follow in the background."""
    remove_account(membership.backend_for(call.account).account_id, account_id=call.parameters["AccountId"])
    return {}


@seams.answers("organizations", "LeaveOrganization")
def answer_leave_organization(call: Call) -> Mapping[str, Any]:
    """As RemoveAccountFromOrganization, but called by the member itself."""
    remove_account(membership.backend_for(call.account).account_id, account_id=call.account)
    return {}


@seams.answers("organizations", "CreateOrganizationalUnit")
def answer_create_organizational_unit(call: Call) -> Mapping[str, Any]:
    """A new OU below a parent."""
    backend = membership.backend_for(call.account)
    ou = create_ou(backend.account_id, name=call.parameters["Name"], parent_id=call.parameters["ParentId"])
    return backend.get_organizational_unit_by_id(ou.id).describe()


@seams.answers("organizations", "DeleteOrganizationalUnit")
def answer_delete_organizational_unit(call: Call) -> Mapping[str, Any]:
    """Delete an OU; refuses one that contains accounts or OUs."""
    backend = membership.backend_for(call.account)
    ou = backend.get_organizational_unit_by_id(call.parameters["OrganizationalUnitId"])
    children: list[Any] = [*backend.ou, *backend.accounts]
    if any(child.parent_id == ou.id for child in children):
        raise Refused(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts and OUs out of it first.",
        )
    backend.ou.remove(ou)
    return {}


def _begin_account(backend: OrganizationsBackend, *, name: str, email: str) -> FakeAccount:
    """An account that is visible only by the id of its creation request."""
    assert backend.org is not None
    id_ = str(700000000000 + secrets.randbelow(99999999999))
    fake = accounts.new_account(backend, account_id=id_, name=name)
    fake.email = email
    fake.parent_id = backend.org.root_id
    fake.state = "PENDING_ACTIVATION"
    _making(backend).append(fake)
    return fake


def _finish_account(backend: OrganizationsBackend, fake: FakeAccount) -> None:
    fake.state = ACTIVE
    _making(backend).remove(fake)
    accounts.admit(backend, fake)
    membership.announce(backend, before=None, after=membership.as_account(fake))


def _change_state(backend: OrganizationsBackend, fake: FakeAccount, state: str) -> None:
    before = membership.as_account(fake)
    fake.state = state
    fake.status = "ACTIVE" if state == ACTIVE else "SUSPENDED"
    membership.announce(backend, before=before, after=membership.as_account(fake))


def _former(backend: OrganizationsBackend) -> dict[str, FakeAccount]:
    """The accounts that have left, by id: the sandbox knows no other ones to invite."""
    former: dict[str, FakeAccount] = vars(backend).setdefault("sandbox_former_accounts", {})
    return former


def _making(backend: OrganizationsBackend) -> list[FakeAccount]:
    """Accounts in creation, kept apart from moto's list of existing ones."""
    making: list[FakeAccount] = vars(backend).setdefault("sandbox_accounts_in_the_making", [])
    return making


def _all_accounts(backend: OrganizationsBackend) -> list[FakeAccount]:
    return [*backend.accounts, *_making(backend)]


def _creation(fake: FakeAccount) -> Mapping[str, Any]:
    status: dict[str, Any] = fake.create_account_status
    if fake.state == "PENDING_ACTIVATION":
        described = status["CreateAccountStatus"]
        kept = {key: value for key, value in described.items() if key not in {"AccountId", "CompletedTimestamp"}}
        return {"CreateAccountStatus": {**kept, "State": "IN_PROGRESS"}}
    return status
