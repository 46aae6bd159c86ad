"""Descriptions of accounts and OUs: State instead of the retired Status, Paths, and pages of at most 20."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from moto.organizations.models import FakeAccount, FakeOrganizationalUnit, OrganizationsBackend

from aws_org_sandbox import pages, seams
from aws_org_sandbox.behaviours import Behaviour, is_altered
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organization import Organization
from aws_org_sandbox.organizations import membership

Item = TypeVar("Item")

PAGE = 20
"""The largest page of every list call: https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html"""


@seams.answers("organizations", "DescribeAccount")
def describe_account(call: Call) -> Mapping[str, Any]:
    """One account with its OU path, in one call."""
    backend, id_ = membership.backend_for(call.account), call.parameters["AccountId"]
    if is_altered(Behaviour.OUTSIDE_ACCOUNTS_INVALID) and all(one.id != id_ for one in backend.accounts):
        raise Refused("InvalidInputException", "You specified an invalid value.")
    fake = backend.get_account_by_id(id_)
    return {"Account": describe(fake, membership.snapshot(call.account, with_accounts=False))}


@seams.answers("organizations", "ListAccounts")
def list_accounts(call: Call) -> Mapping[str, Any]:
    """Every account of the organization, in any state."""
    return _accounts(call, membership.backend_for(call.account).accounts)


@seams.answers("organizations", "ListAccountsForParent")
def list_accounts_for_parent(call: Call) -> Mapping[str, Any]:
    """The accounts directly in an OU or in the root."""
    backend = membership.backend_for(call.account)
    parent = existing_parent(backend, call.parameters["ParentId"])
    return _accounts(call, [fake for fake in backend.accounts if fake.parent_id == parent.id])


@seams.answers("organizations", "ListOrganizationalUnitsForParent")
def list_organizational_units_for_parent(call: Call) -> Mapping[str, Any]:
    """The OUs directly below an OU or the root."""
    backend = membership.backend_for(call.account)
    parent = existing_parent(backend, call.parameters["ParentId"])
    below = [ou for ou in backend.ou if ou.parent_id == parent.id]
    return _page(call, "OrganizationalUnits", below, lambda ou: ou.describe()["OrganizationalUnit"])


@seams.answers("organizations", "ListChildren")
def list_children(call: Call) -> Mapping[str, Any]:
    """The ids of accounts or of OUs directly below a parent."""
    backend = membership.backend_for(call.account)
    parent = existing_parent(backend, call.parameters["ParentId"])
    kind = call.parameters["ChildType"]
    holders: dict[str, Sequence[Any]] = {"ACCOUNT": backend.accounts, "ORGANIZATIONAL_UNIT": backend.ou}
    if kind not in holders:
        raise Refused("InvalidInputException", "You specified an invalid value.")
    below = [child for child in holders[kind] if child.parent_id == parent.id]
    return _page(call, "Children", below, lambda child: {"Id": child.id, "Type": kind})


@seams.answers("organizations", "ListParents")
def list_parents(call: Call) -> Mapping[str, Any]:
    """The one parent that an account or OU is directly in."""
    backend = membership.backend_for(call.account)
    child_id = call.parameters["ChildId"]
    children: list[Any] = [*backend.accounts, *backend.ou[1:]]
    child = next((item for item in children if item.id == child_id), None)
    if child is None:
        raise Refused(
            "ChildNotFoundException", "We can't find an organizational unit (OU) or account that you specified."
        )
    parent = next(ou for ou in backend.ou if ou.id == child.parent_id)
    return {"Parents": [{"Id": parent.id, "Type": parent.type}]}


def describe(fake: FakeAccount, organization: Organization) -> dict[str, Any]:
    """An account as the API returns it; without `Status` since September 2026."""
    described = {key: value for key, value in fake.describe().items() if key != "Status"}
    return {**described, "Paths": [membership.path_of(organization, membership.as_account(fake))]}


def existing_parent(backend: OrganizationsBackend, parent_id: str) -> FakeOrganizationalUnit:
    """The OU or root with an id; refuses an unknown one."""
    for ou in backend.ou:
        if ou.id == parent_id:
            return ou
    raise Refused("ParentNotFoundException", "We can't find a root or OU with the ParentId that you specified.")


def _accounts(call: Call, fakes: Sequence[FakeAccount]) -> Mapping[str, Any]:
    organization = membership.snapshot(call.account, with_accounts=False)
    ordered = sorted(fakes, key=lambda fake: (fake.create_time, fake.id))
    return _page(call, "Accounts", ordered, lambda fake: describe(fake, organization))


def _page(
    call: Call, member: str, items: Sequence[Item], described: Callable[[Item], dict[str, Any]]
) -> Mapping[str, Any]:
    """Only the items on the page are described, because lists can have thousands."""
    found, token = pages.page(items, call, limit=PAGE, bad_token="InvalidInputException")  # noqa: S106 - an error code
    return pages.with_token({member: [described(item) for item in found]}, token)
