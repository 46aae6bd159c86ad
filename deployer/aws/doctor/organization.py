"""The caller, the organization, and what StackSets and accounts of it may do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Final

from deployer.aws.doctor.attempts import after, attempt
from deployer.aws.organizations import live_organization
from deployer.aws.preconditions import call_as_of
from deployer.aws.session import Session
from deployer.doctor.actual_state import STACK_SETS_PRINCIPAL, Caller, OrganizationSummary, ServiceControlPolicy, Unread
from deployer.organization import Organization

SCP: Final = "SERVICE_CONTROL_POLICY"


def caller(session: Session) -> Caller | Unread:
    """The caller, from STS, which needs no permission."""
    return attempt("", lambda: Caller(account=session.identity.account, arn=session.identity.arn))


def summary(session: Session, who: Caller | Unread) -> OrganizationSummary | Unread:
    """Id, management account and feature set of the organization."""

    def read() -> OrganizationSummary:
        found = session.client("organizations").describe_organization()["Organization"]
        return OrganizationSummary(
            id=found["Id"], management_account=found["MasterAccountId"], feature_set=found["FeatureSet"]
        )

    return after(who, "organizations:DescribeOrganization", read)


def tree(session: Session, who: Caller | Unread) -> Organization | Unread:
    """Accounts and OUs."""
    return after(who, "organizations:ListAccounts", lambda: live_organization(session))


def delegated(session: Session, who: Caller | Unread) -> frozenset[str] | Unread:
    """Accounts that are delegated administrators of StackSets."""

    def read() -> frozenset[str]:
        pages = session.client("organizations").get_paginator("list_delegated_administrators")
        listed = pages.paginate(ServicePrincipal=STACK_SETS_PRINCIPAL)
        return frozenset(one["Id"] for page in listed for one in page["DelegatedAdministrators"])

    return after(who, "organizations:ListDelegatedAdministrators", read)


def trusted_access(session: Session, organization: Organization | Unread, *, region: str) -> str | Unread:
    """ENABLED, DISABLED or DISABLED_PERMANENTLY; as whom, follows from the account."""

    def read() -> str:
        assert isinstance(organization, Organization)
        call_as = call_as_of(session.identity.account, organization)
        client = session.client("cloudformation", region=region)
        return client.describe_organizations_access(CallAs=call_as)["Status"]

    return after(organization, "cloudformation:DescribeOrganizationsAccess", read)


def central_regions(session: Session, who: Caller | Unread, *, region: str) -> Mapping[str, str] | Unread:
    """OptInStatus of every region, in the caller's account."""

    def read() -> Mapping[str, str]:
        answer = session.client("ec2", region=region).describe_regions(AllRegions=True)
        return {one["RegionName"]: one["OptInStatus"] for one in answer["Regions"]}

    return after(who, "ec2:DescribeRegions", read)


def opt_in_regions(
    session: Session, needed: Mapping[str, Collection[str]], *, management: str | None
) -> Mapping[str, Mapping[str, str] | Unread]:
    """RegionOptStatus of the needed regions, by account. After a denial for one member no other is asked about.

    AWS lets nobody else read those of the management account, so its denial has no meaning for members.
    https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
    """
    found: dict[str, Mapping[str, str] | Unread] = {}
    denial: Unread | None = None
    for account, regions in needed.items():
        statuses = after(denial, "account:ListRegions", partial(_regions_of, session, account))
        if isinstance(statuses, Unread):
            denial = statuses if statuses.is_denied and account != management else None
            found[account] = statuses
        else:
            found[account] = {region: statuses.get(region, "DISABLED") for region in regions}
    return found


def _regions_of(session: Session, account: str) -> Mapping[str, str]:
    """Every region of an account; the caller's own account is requested without an id."""
    lister = session.client("account").get_paginator("list_regions")
    pages = lister.paginate() if account == session.identity.account else lister.paginate(AccountId=account)
    return {one["RegionName"]: one["RegionOptStatus"] for page in pages for one in page["Regions"]}


def policies(session: Session, who: Caller | Unread) -> Mapping[str, tuple[ServiceControlPolicy, ...]] | Unread:
    """Service control policies by what they are attached to: fewer calls than asking every account for its own."""
    return after(who, "organizations:ListPolicies, ListTargetsForPolicy, DescribePolicy", lambda: _policies(session))


def _policies(session: Session) -> Mapping[str, tuple[ServiceControlPolicy, ...]]:
    found: dict[str, tuple[ServiceControlPolicy, ...]] = {}
    for policy in _each_policy(session):
        pages = session.client("organizations").get_paginator("list_targets_for_policy")
        for page in pages.paginate(PolicyId=policy.id):
            for target in page["Targets"]:
                found[target["TargetId"]] = (*found.get(target["TargetId"], ()), policy)
    return found


def _each_policy(session: Session) -> Iterator[ServiceControlPolicy]:
    client = session.client("organizations")
    for page in client.get_paginator("list_policies").paginate(Filter=SCP):
        for one in page["Policies"]:
            content = client.describe_policy(PolicyId=one["Id"])["Policy"]["Content"]
            yield ServiceControlPolicy(id=one["Id"], name=one["Name"], content=content)
