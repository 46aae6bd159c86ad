"""The options of a run, from the command line or from the journal of an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from acceptance.access import Access, Environment
from acceptance.errors import SetupError
from deployer.aws.organizations import read_organization
from deployer.aws.session import Session
from deployer.organization import Organization

DEFAULT_ROLE = "OrganizationAccountAccessRole"
SECOND_REGIONS = ("us-east-1", "eu-west-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Credentials, account, OU and regions of a run."""

    account: str
    ou: str
    profile: str | None = None
    region: str | None = None
    second_region: str | None = None
    member_profile: str | None = None
    member_role: str = DEFAULT_ROLE
    management_profile: str | None = None
    suspended_account: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The options among other values."""
        return cls(**{one.name: values[one.name] for one in fields(cls) if one.name in values})

    def values(self) -> dict[str, Any]:
        return asdict(self)

    def access(self) -> Access:
        """Sessions of the accounts; AWS is not called yet."""
        openers: dict[str, Callable[[], Session]] = {"central": self._central}
        if self.management_profile:
            openers["management"] = self._management
        access = Access(openers=openers, expiring=frozenset() if self.member_profile else frozenset({"member"}))
        openers["member"] = lambda: self._member(access)
        return access

    def _central(self) -> Session:
        return Session(profile=self.profile, region=self.region)

    def _management(self) -> Session:
        return Session(profile=self.management_profile, region=self.region)

    def _member(self, access: Access) -> Session:
        """A session of its own profile, or of a role that the management account or the central account may assume."""
        if self.member_profile:
            return Session(profile=self.member_profile, region=self.region)
        opener = access.session("management" if access.has("management") else "central")
        partition = opener.identity.partition
        return opener.as_role(f"arn:{partition}:iam::{self.account}:role/{self.member_role}")


def locate(options: Options, access: Access) -> Environment:
    """The environment of the run; raises SetupError for an account or OU that must not be used."""
    central = access.session("central")
    region = options.region or central.region
    if region is None:
        raise SetupError(
            "No region is configured", next_step="Add --region, the region of the central account's stacks."
        )
    organization = read_organization(central.client("organizations", region=region))
    _check(options, organization, central_account=central.identity.account)
    _check_member(options, access)
    suspended = options.suspended_account
    if suspended:
        _check_suspended(suspended, organization)
    second = options.second_region or next(one for one in SECOND_REGIONS if one != region)
    return Environment(
        organization_id=organization.id,
        central_account=central.identity.account,
        member_account=options.account,
        ou=options.ou,
        ou_path=organization.path(options.ou),
        region=region,
        second_region=second,
        suspended_account=suspended,
        suspended_ou=organization.accounts[suspended].parent_id if suspended else None,
        names=_names(organization),
        is_management=central.identity.account == organization.management_account_id,
    )


def _names(organization: Organization) -> tuple[str, ...]:
    ous = (ou.name for ou in organization.ous.values() if ou.id != organization.root.id)
    return tuple(sorted({*ous, *(account.name for account in organization.accounts.values())}))


def _check(options: Options, organization: Organization, *, central_account: str) -> None:
    """The member must be the only account in its OU, because the run deploys to the whole OU."""
    account, ou = options.account, options.ou
    if account not in organization.accounts or ou not in organization.ous:
        missing = f"Account {account}" if account not in organization.accounts else f"OU {ou}"
        raise SetupError(f"{missing} is not in organization {organization.id}")
    if account in {central_account, organization.management_account_id}:
        raise SetupError(
            f"Account {account} is the central account or the management account",
            next_step="Pass a member account that is used only for tests, with --account.",
        )
    if ou == organization.root.id:
        raise SetupError("The root cannot be used for tests", next_step="Create an OU for the test account.")
    others = sorted(one.id for one in organization.accounts_below(ou) if one.id != account)
    if others or organization.accounts[account].parent_id != ou:
        raise SetupError(
            f"OU {ou} must contain only account {account}"
            + (f"; it also contains {', '.join(others)}" if others else ""),
            next_step="Create an OU for tests, move the test account there, and pass it with --ou.",
        )


def _check_suspended(account: str, organization: Organization) -> None:
    """Checks A17 and A20 deploy to it and retain the stack, which would remain in an active account."""
    if account not in organization.accounts:
        raise SetupError(f"Account {account} is not in organization {organization.id}")
    if organization.accounts[account].is_active:
        raise SetupError(
            f"Account {account} is not suspended",
            next_step="Pass a closed account with --suspended-account, or omit the option.",
        )


def _check_member(options: Options, access: Access) -> None:
    found = access.session("member").identity.account
    if found != options.account:
        raise SetupError(
            f"The credentials of the test account belong to account {found}, not {options.account}",
            next_step="Change --member-profile or --account.",
        )
