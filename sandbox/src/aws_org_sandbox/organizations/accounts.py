"""The example organization, and the creation of an organization in moto: accounts, OUs, administrators, the trail."""

from __future__ import annotations

import json
from typing import Any

from moto.cloudtrail.models import cloudtrail_backends
from moto.iam.models import iam_backends
from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeOrganization,
    FakeOrganizationalUnit,
    OrganizationsBackend,
    organizations_backends,
)
from moto.s3.models import s3_backends

from aws_org_sandbox.credentials import ALLOW_EVERYTHING, PARTITION, issue_administrator
from aws_org_sandbox.organization import Account, Organization, OrganizationalUnit

HOME_REGION = "eu-west-1"
CENTRAL_ACCOUNT = "200000000001"
"""Inside a target OU, a delegated administrator, and not the management account."""

STACK_SETS_PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
TRAIL = "organization-trail"


def _ou(id_: str, name: str, parent_id: str | None) -> OrganizationalUnit:
    return OrganizationalUnit(id=id_, name=name, parent_id=parent_id)


def _account(id_: str, name: str, parent_id: str, state: str = "ACTIVE") -> Account:
    return Account(id=id_, name=name, parent_id=parent_id, state=state)


_OUS = (
    _ou("r-exam", "Root", None),
    _ou("ou-exam-infra001", "Infrastructure", "r-exam"),
    _ou("ou-exam-netw0001", "Network", "ou-exam-infra001"),
    _ou("ou-exam-depl0001", "Deployment", "ou-exam-infra001"),
    _ou("ou-exam-work0001", "Workloads", "r-exam"),
    _ou("ou-exam-prod0001", "Prod", "ou-exam-work0001"),
    _ou("ou-exam-paym0001", "Payments", "ou-exam-prod0001"),
    _ou("ou-exam-dev00001", "Dev", "ou-exam-work0001"),
    _ou("ou-exam-sand0001", "Sandbox", "r-exam"),
    _ou("ou-exam-susp0001", "Suspended", "r-exam"),
)
_ACCOUNTS = (
    _account("100000000000", "management", "r-exam"),
    _account("200000000001", "platform-tools", "ou-exam-depl0001"),
    _account("200000000002", "network-hub", "ou-exam-netw0001"),
    _account("200000000003", "shared-services", "ou-exam-infra001"),
    _account("300000000001", "shop-prod", "ou-exam-prod0001"),
    _account("300000000002", "search-prod", "ou-exam-prod0001"),
    _account("300000000003", "payments-prod", "ou-exam-paym0001"),
    _account("300000000004", "ledger-prod", "ou-exam-paym0001"),
    _account("300000000005", "workloads-baseline", "ou-exam-work0001"),
    _account("400000000001", "shop-dev", "ou-exam-dev00001"),
    _account("400000000002", "search-dev", "ou-exam-dev00001"),
    _account("500000000001", "alice-sandbox", "ou-exam-sand0001"),
    _account("500000000002", "bob-sandbox", "ou-exam-sand0001"),
    _account("600000000001", "old-project", "ou-exam-susp0001", "SUSPENDED"),
)
EXAMPLE = Organization(
    id="o-exampleorg1",
    management_account_id="100000000000",
    ous={ou.id: ou for ou in _OUS},
    accounts={account.id: account for account in _ACCOUNTS},
)
"""Three levels of OUs, 13 members and the management account, one of them suspended."""


def build(organization: Organization, *, central_account: str, home_region: str) -> None:
    """Create `organization` in moto, with trusted access for StackSets and the central account as administrator."""
    backend = backend_of(organization.management_account_id)
    backend.create_organization(region="us-east-1", FeatureSet="ALL")
    _take_ids(backend, organization)
    for ou in _from_the_top(organization):
        add_ou(backend, id_=ou.id, name=ou.name, parent_id=ou.parent_id or "")
    for account in organization.accounts.values():
        if account.id != organization.management_account_id:
            add_account(backend, account)
    for service in ("member.org.stacksets.cloudformation.amazonaws.com", "cloudtrail.amazonaws.com"):
        backend.enable_aws_service_access(ServicePrincipal=service)
    if central_account != organization.management_account_id:
        delegate(backend, account_id=central_account, service=STACK_SETS_PRINCIPAL)
    _start_trail(organization, home_region=home_region)


def backend_of(management_account_id: str) -> OrganizationsBackend:
    """moto's state of the organization that this account manages."""
    return organizations_backends[management_account_id][PARTITION]


def add_ou(backend: OrganizationsBackend, *, id_: str, name: str, parent_id: str) -> FakeOrganizationalUnit:
    """An OU with a chosen id, with the default policies attached as in AWS."""
    ou = FakeOrganizationalUnit(_organization_of(backend), Name=name, ParentId=parent_id)
    ou.id = id_
    backend.ou.append(ou)
    _attach_defaults(backend, id_)
    return ou


def add_account(backend: OrganizationsBackend, account: Account) -> FakeAccount:
    """A member account with a chosen id, and its administrator's credentials."""
    fake = new_account(backend, account_id=account.id, name=account.name)
    fake.parent_id = account.parent_id
    fake.state = account.state
    fake.status = "ACTIVE" if account.is_active else "SUSPENDED"
    admit(backend, fake)
    return fake


def admit(backend: OrganizationsBackend, fake: FakeAccount) -> None:
    """Add a new account to the organization, with its administrator's credentials."""
    enroll(backend, fake)
    issue_administrator(fake.id)


def enroll(backend: OrganizationsBackend, fake: FakeAccount) -> None:
    """Make an existing account a member of the organization."""
    backend.accounts.append(fake)
    organizations_backends.master_accounts[fake.id] = (backend.account_id, PARTITION)
    _attach_defaults(backend, fake.id)


def new_account(backend: OrganizationsBackend, *, account_id: str, name: str) -> FakeAccount:
    """moto generates a random id and creates a role in that account: move both to the chosen id."""
    fake = FakeAccount(_organization_of(backend), AccountName=name, Email=f"{account_id}@example.com")
    drawn = iam_backends.pop(fake.id)[PARTITION]
    fake.id = account_id
    role = next(iter(drawn.roles.values()))
    iam_backends[account_id][PARTITION].create_role(
        role_name=role.name,
        assume_role_policy_document=role.assume_role_policy_document,
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    iam_backends[account_id][PARTITION].put_role_policy(role.name, "everything", ALLOW_EVERYTHING)
    return fake


def delegate(backend: OrganizationsBackend, *, account_id: str, service: str) -> None:
    """Register a delegated administrator: moto's own list of services lacks StackSets."""
    admin = next((admin for admin in backend.admins if admin.account.id == account_id), None)
    if admin is None:
        admin = FakeDelegatedAdministrator(backend.get_account_by_id(account_id))
        backend.admins.append(admin)
    admin.add_service_principal(service)


def _take_ids(backend: OrganizationsBackend, organization: Organization) -> None:
    """Give moto's organization, root and management account the desired ids."""
    organization_ = _organization_of(backend)
    organization_.id, organization_.root_id = organization.id, organization.root.id
    organization_.master_account_email = "management@example.com"
    root, management = backend.ou[0], backend.accounts[0]
    root.id, root.name, root.organization_id = organization.root.id, organization.root.name, organization.id
    known = organization.accounts[organization.management_account_id]
    management.organization_id, management.parent_id, management.name = organization.id, known.parent_id, known.name
    management.email = organization_.master_account_email
    for policy in backend.policies:
        policy.organization_id = organization.id
    issue_administrator(organization.management_account_id)


def _from_the_top(organization: Organization) -> list[OrganizationalUnit]:
    below = [ou for ou in organization.ous.values() if ou.parent_id is not None]
    return sorted(below, key=lambda ou: (len(organization.chain(ou.id)), ou.id))


def _organization_of(backend: OrganizationsBackend) -> FakeOrganization:
    assert backend.org is not None
    return backend.org


def _attach_defaults(backend: OrganizationsBackend, target_id: str) -> None:
    for policy in ("p-FullAWSAccess", "p-RCPFullAWSAccess"):
        backend.attach_policy(PolicyId=policy, TargetId=target_id)


def _start_trail(organization: Organization, *, home_region: str) -> None:
    """An organization trail of all regions: CloudTrail sends no event to EventBridge unless a trail logs it."""
    account_id = organization.management_account_id
    bucket = f"{TRAIL}-{account_id}"
    s3_backends[account_id][PARTITION].create_bucket(bucket, home_region)
    s3_backends[account_id][PARTITION].put_bucket_policy(bucket, json.dumps(_trail_bucket_policy(bucket)).encode())
    cloudtrail = cloudtrail_backends[account_id][home_region]
    cloudtrail.create_trail(
        name=TRAIL,
        bucket_name=bucket,
        s3_key_prefix="",
        sns_topic_name="",
        is_global=True,
        is_multi_region=True,
        log_validation=True,
        is_org_trail=True,
        cw_log_group_arn="",
        cw_role_arn="",
        kms_key_id="",
        tags_list=[],
    )
    cloudtrail.start_logging(TRAIL)


def _trail_bucket_policy(bucket: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:{PARTITION}:s3:::{bucket}/AWSLogs/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
