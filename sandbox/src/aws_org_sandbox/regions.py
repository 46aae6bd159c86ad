"""All regions, and those that an account has enabled: moto's EC2 (5.2.5) enables all for every account.

Each account opts in for itself, the management account included; what it has not opted into takes none of its
credentials. https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import Any, Literal

import botocore.session

from aws_org_sandbox import background
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.organizations import membership
from aws_org_sandbox.pages import page, with_token
from aws_org_sandbox.seams import answers, on_reset

OPT_IN = frozenset(
    {
        "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
        "me-central-1", "me-south-1", "mx-central-1",
    }
)  # fmt: skip
"""Opt-in regions; initially, no account of the sandbox has opted in."""
INVALID = "ValidationException"
ACCOUNT_MANAGEMENT = "account.amazonaws.com"
CHANGE_SECONDS = 60.0
"""From the answer to the end of enabling or disabling a region, which AWS says takes minutes."""

Status = Literal["ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT"]

_statuses: dict[str, dict[str, Status]] = defaultdict(dict)
"""By account, those of regions that it has opted into, or once had."""


@functools.cache
def known_regions() -> frozenset[str]:
    """Regions of the partition that CloudFormation is in."""
    return frozenset(botocore.session.Session().get_available_regions("cloudformation"))


def status_of(account: str, region: str) -> Status:
    """The status of a region in the Account Management API."""
    return _statuses[account].get(region, "DISABLED") if region in OPT_IN else "ENABLED_BY_DEFAULT"


def is_enabled(account: str, region: str) -> bool:
    """Whether an account's credentials are valid in a region; they are until disabling it has ended."""
    return status_of(account, region) in {"ENABLED", "ENABLED_BY_DEFAULT", "DISABLING"}


def enable(account: str, region: str) -> None:
    """Opt an account into a region, at once."""
    _statuses[account][region] = "ENABLED"


@on_reset
def _forget() -> None:
    _statuses.clear()


@answers("ec2", "DescribeRegions")
def _describe_regions(call: Call) -> dict[str, Any]:
    """Those that the account has; `AllRegions` shows the others too."""
    enabled = {region for region in known_regions() if is_enabled(call.account, region)}
    shown = known_regions() if call.parameters.get("AllRegions") else enabled
    named = call.parameters.get("RegionNames") or shown
    return {
        "Regions": [
            {
                "RegionName": region,
                "Endpoint": f"ec2.{region}.amazonaws.com",
                "OptInStatus": _opt_in_status(region, is_enabled=region in enabled),
            }
            for region in sorted(shown.intersection(named))
        ]
    }


def _opt_in_status(region: str, *, is_enabled: bool) -> str:
    if region not in OPT_IN:
        return "opt-in-not-required"
    return "opted-in" if is_enabled else "not-opted-in"


@answers("account", "ListRegions")
def _list_regions(call: Call) -> dict[str, Any]:
    account = _account_of(call)
    statuses = set(call.parameters.get("RegionOptStatusContains") or ())
    found = [_described(account, region) for region in sorted(known_regions())]
    shown = [one for one in found if not statuses or one["RegionOptStatus"] in statuses]
    items, token = page(shown, call, limit=50, bad_token=INVALID)
    return with_token({"Regions": items}, token)


@answers("account", "GetRegionOptStatus")
def _get_region_opt_status(call: Call) -> dict[str, Any]:
    return _described(_account_of(call), _region_of(call))


@answers("account", "EnableRegion")
def _enable_region(call: Call) -> dict[str, Any]:
    _change(call, "ENABLING", "ENABLED")
    return {}


@answers("account", "DisableRegion")
def _disable_region(call: Call) -> dict[str, Any]:
    _change(call, "DISABLING", "DISABLED")
    return {}


def _change(call: Call, transitional: Status, then: Status) -> None:
    account, region = _account_of(call), _region_of(call)
    if region not in OPT_IN:
        raise Refused(INVALID, f"Region {region} is enabled by default and cannot be changed.")
    if status_of(account, region) in {"ENABLING", "DISABLING"}:
        raise Refused("ConflictException", f"Region {region} is already being changed.", status=409)
    _statuses[account][region] = transitional
    background.submit(_statuses[account].__setitem__, region, then, delay=CHANGE_SECONDS)


def _described(account: str, region: str) -> dict[str, Any]:
    return {"RegionName": region, "RegionOptStatus": status_of(account, region)}


def _region_of(call: Call) -> str:
    region = str(call.parameters["RegionName"])
    if region not in known_regions():
        raise Refused(INVALID, f"Region {region} is not known.")
    return region


def _account_of(call: Call) -> str:
    """The caller's account, or a member's for the management account and delegated administrators of the service.

    Never the management account's: it asks about itself without AccountId, and nobody else can ask about it.
    https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
    """
    account = str(call.parameters.get("AccountId") or "")
    if not account:
        return call.account
    management = membership.management_account_of(call.account)
    if management is None or account == management:
        raise _denied(call)
    organization = membership.snapshot(management, with_accounts=True)
    services = membership.backend_for(management).services
    is_trusted = any(service["ServicePrincipal"] == ACCOUNT_MANAGEMENT for service in services)
    is_allowed = call.account == management or membership.is_delegated(call.account, service=ACCOUNT_MANAGEMENT)
    if not (is_trusted and is_allowed and account in organization.accounts):
        raise _denied(call)
    return account


def _denied(call: Call) -> Refused:
    message = f"User: {call.principal.arn} is not authorized to perform: account:{call.operation}"
    return Refused("AccessDeniedException", message, status=403)
