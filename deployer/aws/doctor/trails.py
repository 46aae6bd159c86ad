"""Trails that reach the caller's account, with what they log; organization trails by their ARN, as members see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deployer.aws.doctor.attempts import after, attempt
from deployer.aws.session import Session
from deployer.doctor.actual_state import Caller, Trail, Unread

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudtrail.type_defs import (
        AdvancedFieldSelectorOutputTypeDef,
        GetEventSelectorsResponseTypeDef,
        TrailTypeDef,
    )


def trails(session: Session, who: Caller | Unread, *, region: str) -> tuple[Trail, ...] | Unread:
    """The trails, with status and selectors as far as the caller may read them."""
    client = session.client("cloudtrail", region=region)
    listed = after(who, "cloudtrail:DescribeTrails", client.describe_trails)
    return listed if isinstance(listed, Unread) else tuple(_trail(client, one) for one in listed["trailList"])


def _trail(client: CloudTrailClient, found: TrailTypeDef) -> Trail:
    arn = found["TrailARN"]
    status = attempt("cloudtrail:GetTrailStatus", lambda: client.get_trail_status(Name=arn))
    selectors = attempt("cloudtrail:GetEventSelectors", lambda: client.get_event_selectors(TrailName=arn))
    return Trail(
        name=arn,
        home_region=found["HomeRegion"],
        is_multi_region=found["IsMultiRegionTrail"],
        is_organization_trail=found["IsOrganizationTrail"],
        is_logging=status if isinstance(status, Unread) else bool(status["IsLogging"]),
        reads=selectors if isinstance(selectors, Unread) else logs(selectors, read_only=True),
        writes=selectors if isinstance(selectors, Unread) else logs(selectors, read_only=False),
    )


def logs(selectors: GetEventSelectorsResponseTypeDef, *, read_only: bool) -> bool:
    """Whether a trail with these selectors logs ECR's management events of a kind.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    if advanced := selectors.get("AdvancedEventSelectors"):
        return any(_selects(one["FieldSelectors"], read_only=read_only) for one in advanced)
    kinds = {"All", "ReadOnly" if read_only else "WriteOnly"}
    return any(
        one.get("IncludeManagementEvents", True) and one.get("ReadWriteType", "All") in kinds
        for one in selectors.get("EventSelectors", ())
    )


def _selects(fields: Sequence[AdvancedFieldSelectorOutputTypeDef], *, read_only: bool) -> bool:
    event = {
        "eventCategory": "Management",
        "readOnly": str(read_only).lower(),
        "eventSource": "ecr.amazonaws.com",
        "eventType": "AwsApiCall",
        "sessionCredentialFromConsole": "false",
    }
    return all(one["Field"] in event and _holds(one, event[one["Field"]]) for one in fields)


def _holds(field: AdvancedFieldSelectorOutputTypeDef, value: str) -> bool:
    """Every operator of a field must match."""
    return (
        ("Equals" not in field or value in field["Equals"])
        and ("StartsWith" not in field or value.startswith(tuple(field["StartsWith"])))
        and ("EndsWith" not in field or value.endswith(tuple(field["EndsWith"])))
        and value not in field.get("NotEquals", ())
        and not value.startswith(tuple(field.get("NotStartsWith", ())))
        and not value.endswith(tuple(field.get("NotEndsWith", ())))
    )
