"""Regions must be enabled in the central account, the management account and every covered account.

StackSets deploy to an opt-in region only if the administrator or management account has it too.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-opt-in-regions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from deployer.doctor.actual_state import ENABLED_REGION, ActualState, Unread
from deployer.doctor.finding import Finding, problem, unchecked
from deployer.words import account_name, listed

_LIST = "aws account list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT"
_ENABLE = "aws account enable-region --region-name {region}"
_MANAGEMENT = "In the management account, which alone can read its own regions, run:"
_SHOWN = 3
"""Accounts for which the command is shown."""
_MEMBERS = (
    "With trusted access for account management (`aws organizations enable-aws-service-access --service-principal"
    " account.amazonaws.com`), run in the management account:"
)


def central(actual: ActualState) -> Iterator[Finding]:
    """The home region and all covered regions are enabled in the central account."""
    account = actual.names.central_account
    if isinstance(actual.central_regions, Unread):
        yield unchecked("the central account's regions", actual.central_regions, "In the central account, run:",
                        "aws ec2 describe-regions --query 'Regions[].RegionName'")  # fmt: skip
        return
    needed = {actual.names.central_region, *_covered(actual)}
    enabled = {region for region, status in actual.central_regions.items() if status != "not-opted-in"}
    for region in sorted(needed - enabled):
        yield problem(
            f"{region} is not enabled in the central account {account}",
            "Remove the region from the config files, or run in the central account:",
            _ENABLE.format(region=region),
        )


def management(actual: ActualState) -> Iterator[Finding]:
    """Covered opt-in regions are enabled in the management account.

    AWS returns them only to credentials of that account. With the central account's they are unchecked; a problem
    comes together with one of the check `account`. If the management account is the central account, `central` has
    them. https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
    """
    if isinstance(actual.summary, Unread):
        yield unchecked(
            "the management account's regions", actual.summary, "Resolve the finding of the check `organization` first."
        )
    elif (account := actual.summary.management_account) in actual.opt_in_regions:
        yield from _account(actual, account, how=_MANAGEMENT, named="")


def members(actual: ActualState) -> Iterator[Finding]:
    """Covered opt-in regions are enabled in the accounts that they are covered in."""
    known = None if isinstance(actual.summary, Unread) else actual.summary.management_account
    others = [account for account in actual.opt_in_regions if account != known]
    unread = [account for account in others if isinstance(actual.opt_in_regions[account], Unread)]
    for account in others:
        if account not in unread:
            yield from _account(actual, account, how=_MEMBERS, named=f" --account-id {account}")
    if unread:
        reason = actual.opt_in_regions[unread[0]]
        assert isinstance(reason, Unread)
        yield unchecked(f"the regions of {listed(_name(actual, account) for account in unread)}", reason, _MEMBERS,
                        *(f"{_LIST} --account-id {account}" for account in unread[:_SHOWN]))  # fmt: skip


def _account(actual: ActualState, account: str, *, how: str, named: str) -> Iterator[Finding]:
    """`named` is the option for the account; AWS does not accept it for the management account."""
    statuses = actual.opt_in_regions[account]
    if isinstance(statuses, Unread):
        yield unchecked(f"the regions of {_name(actual, account)}", statuses, how, f"{_LIST}{named}")
        return
    for region, status in sorted(statuses.items()):
        if status not in ENABLED_REGION:
            yield problem(
                f"{region} is {status.lower().replace('_', ' ')} in {_name(actual, account)}",
                f"Remove the region from the config files, or enable it, which AWS may take hours for. {how}",
                f"{_ENABLE.format(region=region)}{named}",
            )


def _covered(actual: ActualState) -> frozenset[str]:
    return frozenset() if isinstance(actual.coverage, Unread) else actual.coverage.all_regions


def _name(actual: ActualState, account: str) -> str:
    return account if isinstance(actual.organization, Unread) else account_name(actual.organization, account)
