"""The sandbox's example organization, as the product reads it."""

from __future__ import annotations

from aws_org_sandbox import organization as sandboxed
from aws_org_sandbox.organizations import accounts
from deployer.organization import Account, Organization, OrganizationalUnit


def organization_from(other: sandboxed.Organization) -> Organization:
    """An organization of the sandbox as a value of the product."""
    return Organization(
        id=other.id,
        management_account_id=other.management_account_id,
        ous={id_: OrganizationalUnit(id=ou.id, name=ou.name, parent_id=ou.parent_id) for id_, ou in other.ous.items()},
        accounts={
            id_: Account(id=one.id, name=one.name, parent_id=one.parent_id, state=one.state)
            for id_, one in other.accounts.items()
        },
    )


EXAMPLE = organization_from(accounts.EXAMPLE)
