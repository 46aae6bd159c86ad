"""The organization, read from AWS Organizations in few calls: it throttles at a few a second.

ListAccounts returns in `Paths` which OU each account is in, 20 accounts a call; ListOrganizationalUnitsForParent is
called once for each OU. 300 accounts in 20 OUs take 38 calls. If `Paths` is missing, parents are read: account by
account while they are few, OU by OU otherwise. Retries with backoff and jitter are the client's (session.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import BusyError, OrganizationAccessError, PermissionDeniedError
from deployer.organization import Account, Organization, OrganizationalUnit

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_organizations.type_defs import AccountTypeDef

READINGS = 3
"""An account can move, or an OU go, between two calls; then the result is inconsistent and is read again."""
_GONE = {"ChildNotFoundException", "ParentNotFoundException"}
"""Codes for an account or OU that an earlier call returned, and that no longer exists."""

_MAY_READ = "Use the management account, or make this one a delegated administrator of a service (such as StackSets)."


class OrganizationIds(NamedTuple):
    """What one call returns, before accounts and OUs are read."""

    id: str
    management_account_id: str


def organization_ids(session: Session) -> OrganizationIds:
    """Which organization the session's account is in; raises OrganizationAccessError if access is denied."""
    return read_ids(session.client("organizations"))


def live_organization(session: Session, ids: OrganizationIds | None = None) -> Organization:
    """The organization of the session's account, as `read_organization` returns it."""
    return read_organization(session.client("organizations"), ids)


def read_ids(client: OrganizationsClient) -> OrganizationIds:
    """Which organization it is; raises OrganizationAccessError if access is denied."""
    with _explained(), translated():
        whole = client.describe_organization()["Organization"]
    return OrganizationIds(whole["Id"], whole["MasterAccountId"])


def read_organization(client: OrganizationsClient, ids: OrganizationIds | None = None) -> Organization:
    """Every account and OU, suspended and empty ones too; raises OrganizationAccessError if access is denied."""
    ids = ids or read_ids(client)
    with _explained(), translated():
        for _ in range(READINGS):
            try:
                ous = _list_ous(client)
                accounts = _list_accounts(client, ous)
            except ClientError as error:
                if code_of(error) not in _GONE:
                    raise
                continue
            if all(account.parent_id in ous for account in accounts.values()):
                return Organization(**ids._asdict(), ous=ous, accounts=accounts)
    raise BusyError(
        f"Organization {ids.id} kept changing while it was read",
        next_step="Run the command again when accounts are no longer being moved.",
    )


@contextmanager
def _explained() -> Iterator[None]:
    """Translate a refusal of Organizations; other errors propagate."""
    try:
        yield
    except PermissionDeniedError as error:
        raise OrganizationAccessError(error.message, next_step=_MAY_READ) from error


def _list_ous(client: OrganizationsClient) -> dict[str, OrganizationalUnit]:
    """The root and all OUs below it."""
    root = client.list_roots()["Roots"][0]
    found = {root["Id"]: OrganizationalUnit(id=root["Id"], name=root["Name"], parent_id=None)}
    waiting = [root["Id"]]
    pages = client.get_paginator("list_organizational_units_for_parent")
    while waiting:
        parent_id = waiting.pop()
        for page in pages.paginate(ParentId=parent_id):
            for ou in page["OrganizationalUnits"]:
                found[ou["Id"]] = OrganizationalUnit(id=ou["Id"], name=ou["Name"], parent_id=parent_id)
                waiting.append(ou["Id"])
    return found


def _list_accounts(client: OrganizationsClient, ous: Mapping[str, OrganizationalUnit]) -> dict[str, Account]:
    listed = [account for page in client.get_paginator("list_accounts").paginate() for account in page["Accounts"]]
    parents = {account["Id"]: parent for account in listed if (parent := _parent_in_path(account))}
    unknown = [account["Id"] for account in listed if account["Id"] not in parents]
    if len(unknown) <= len(ous):
        parents |= {account_id: _get_parent(client, account_id) for account_id in unknown}
    else:
        parents |= _list_parents_by_ou(client, ous)
    return {
        account["Id"]: Account(
            id=account["Id"],
            name=account["Name"],
            parent_id=parents.get(account["Id"], ""),
            state=account.get("State") or account["Status"],
        )
        for account in listed
    }


def _parent_in_path(account: AccountTypeDef) -> str | None:
    """`ou-b` of `o-…/r-…/ou-a/ou-b/111111111111/`."""
    for path in account.get("Paths", []):
        return path.strip("/").split("/")[-2]
    return None


def _get_parent(client: OrganizationsClient, account_id: str) -> str:
    return client.list_parents(ChildId=account_id)["Parents"][0]["Id"]


def _list_parents_by_ou(client: OrganizationsClient, ous: Mapping[str, OrganizationalUnit]) -> dict[str, str]:
    pages = client.get_paginator("list_accounts_for_parent")
    return {
        account["Id"]: ou_id for ou_id in ous for page in pages.paginate(ParentId=ou_id) for account in page["Accounts"]
    }
