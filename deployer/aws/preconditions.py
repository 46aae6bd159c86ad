"""Checks before anything is written; each has its own error, with the next step."""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, message_of, translated
from deployer.aws.organizations import OrganizationIds
from deployer.aws.session import Session
from deployer.aws.stack_set_reader import CallAs
from deployer.errors import OrganizationAccessError, RegionDisabledError, WrongAccountError, WrongOrganizationError
from deployer.organization import Organization

_ACTIVATE = (
    "In the management account, run `aws cloudformation activate-organizations-access`, then run the command again."
)


def check_account(session: Session, *, central_account: str) -> None:
    """Raise unless the caller is in the account that the config names as central."""
    caller = session.identity
    if caller.account != central_account:
        raise WrongAccountError(
            f"The credentials are of account {caller.account}, but the central account is {central_account}.\n"
            f"  They belong to {caller.arn}",
            next_step="Use credentials of the central account, or change `central.account` in organization.yaml.",
        )


def check_organization(organization: OrganizationIds, *, expected: str | None) -> None:
    """Raise unless the credentials' organization is the one that the config names, if it names one."""
    if expected is not None and organization.id != expected:
        raise WrongOrganizationError(
            f"The credentials are of organization {organization.id}, but organization.yaml names {expected}",
            next_step="Use credentials of that organization, or another config folder.",
        )


def call_as_of(account: str, organization: Organization | OrganizationIds) -> CallAs:
    """On whose behalf (CallAs) a caller of this account manages service-managed StackSets."""
    return "SELF" if account == organization.management_account_id else "DELEGATED_ADMIN"


def check_stack_sets(session: Session, organization: OrganizationIds, *, region: str) -> CallAs:
    """The caller's CallAs; raises OrganizationAccessError unless it may manage service-managed StackSets."""
    call_as = call_as_of(session.identity.account, organization)
    with translated():
        try:
            status = session.client("cloudformation", region=region).describe_organizations_access(CallAs=call_as)
        except ClientError as error:
            if code_of(error) not in {"ValidationError", "InvalidOperationException"}:
                raise
            raise OrganizationAccessError(
                f"Account {session.identity.account} may not manage StackSets: {message_of(error)}",
                next_step=_register(session.identity.account),
            ) from error
    if status.get("Status") != "ENABLED":
        raise OrganizationAccessError(
            f"Trusted access for StackSets is not enabled in organization {organization.id}", next_step=_ACTIVATE
        )
    return call_as


def _register(account: str) -> str:
    """AWS returns the same error for an account without delegation and for a caller who may not list delegations."""
    return (
        f"In the management account, run `aws organizations register-delegated-administrator --account-id {account}"
        " --service-principal member.org.stacksets.cloudformation.amazonaws.com`. If that was done, give the caller the"
        " permission `organizations:ListDelegatedAdministrators`, which `deployer policy look` prints. Then run the"
        " command again."
    )


def enabled_regions(session: Session, *, home: str) -> dict[str, str]:
    """The regions that are enabled in the caller's account, each with its opt-in status."""
    with translated():
        answer = session.client("ec2", region=home).describe_regions()
    return {region["RegionName"]: region["OptInStatus"] for region in answer["Regions"]}


def check_regions(session: Session, regions: Iterable[str], *, home: str) -> dict[str, str]:
    """The regions that are enabled in the central account; raises unless it has all, as StackSets require."""
    enabled = enabled_regions(session, home=home)
    if missing := sorted({home, *regions} - enabled.keys()):
        raise RegionDisabledError(
            f"Regions not enabled in account {session.identity.account}: {', '.join(missing)}",
            next_step="Enable them (Account settings), or remove them from the config files.",
        )
    return enabled
