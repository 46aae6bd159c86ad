"""Who sees a trail, and what CloudTrail returns about it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox

MANAGEMENT = "100000000000"
SHOP = "300000000001"
ARN = f"arn:aws:cloudtrail:eu-west-1:{MANAGEMENT}:trail/organization-trail"


def of(sandbox: Sandbox, account: str, region: str = "eu-west-1") -> Any:
    return sandbox.client("cloudtrail", account=account, region=region)


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_member_sees_the_organization_trail_as_a_shadow(sandbox: Sandbox, region: str) -> None:
    (trail,) = of(sandbox, SHOP, region).describe_trails()["trailList"]
    assert (trail["TrailARN"], trail["HomeRegion"]) == (ARN, "eu-west-1")
    assert trail["IsOrganizationTrail"]
    assert not of(sandbox, SHOP, region).describe_trails(includeShadowTrails=False)["trailList"]
    assert of(sandbox, SHOP, region).describe_trails(trailNameList=[ARN])["trailList"] == [trail]
    assert not of(sandbox, SHOP, region).describe_trails(trailNameList=["organization-trail"])["trailList"]


def test_a_member_sees_only_organization_trails_of_its_region(sandbox: Sandbox) -> None:
    of(sandbox, MANAGEMENT).update_trail(Name="organization-trail", IsMultiRegionTrail=False)
    assert of(sandbox, SHOP).describe_trails()["trailList"]
    assert not of(sandbox, SHOP, "us-east-1").describe_trails()["trailList"]
    of(sandbox, MANAGEMENT).update_trail(Name="organization-trail", IsOrganizationTrail=False)
    assert not of(sandbox, SHOP).describe_trails()["trailList"]
    assert of(sandbox, MANAGEMENT).describe_trails()["trailList"]
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        of(sandbox, SHOP).get_trail_status(Name=ARN)


def test_a_member_reads_status_and_selectors_only_by_arn(sandbox: Sandbox) -> None:
    member = of(sandbox, SHOP)
    assert member.get_trail_status(Name=ARN)["IsLogging"] is True
    assert member.get_event_selectors(TrailName=ARN)["EventSelectors"][0]["ReadWriteType"] == "All"
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        member.get_trail_status(Name="organization-trail")
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        member.get_event_selectors(TrailName="organization-trail")
    owner = of(sandbox, MANAGEMENT)
    owner.stop_logging(Name="organization-trail")
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}
    owner.put_event_selectors(TrailName="organization-trail", EventSelectors=[selector])
    assert member.get_trail_status(Name=ARN)["IsLogging"] is False
    assert member.get_event_selectors(TrailName=ARN)["EventSelectors"] == [selector]
    assert owner.describe_trails()["trailList"][0]["HasCustomEventSelectors"]


def test_a_member_cannot_change_the_organization_trail(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="TrailNotFoundException"):
        of(sandbox, SHOP).stop_logging(Name=ARN)
