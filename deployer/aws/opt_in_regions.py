"""Whether the management account has enabled the covered opt-in regions, which service-managed StackSets require.

A delegated administrator may not be able to read it: AWS documents AccountId for member accounts only. If the call
fails, the region is unknown.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-opt-in-regions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deployer.planning.opt_in import OptInRegion, OptInStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.aws.session import Session

NEEDS_NO_OPT_IN = "opt-in-not-required"
_ENABLED = {"ENABLED", "ENABLED_BY_DEFAULT"}


def opt_in_regions(
    session: Session, covered: Iterable[str], *, enabled: Mapping[str, str], management_account: str, home: str
) -> tuple[OptInRegion, ...]:
    """The covered opt-in regions; `enabled` is what DescribeRegions returns for the caller's account."""
    concerned = sorted(region for region in {home, *covered} if enabled.get(region) != NEEDS_NO_OPT_IN)
    if not concerned:
        return ()
    if session.identity.account == management_account:
        return tuple(OptInRegion(region, "enabled") for region in concerned)
    found = _statuses(session, management_account, home=home)
    return tuple(OptInRegion(region, found.get(region, "unknown")) for region in concerned)


def _statuses(session: Session, account: str, *, home: str) -> dict[str, OptInStatus]:
    try:
        pages = session.client("account", region=home).get_paginator("list_regions").paginate(AccountId=account)
        return {
            one["RegionName"]: "enabled" if one["RegionOptStatus"] in _ENABLED else "disabled"
            for page in pages
            for one in page["Regions"]
        }
    except (BotoCoreError, ClientError):
        return {}
