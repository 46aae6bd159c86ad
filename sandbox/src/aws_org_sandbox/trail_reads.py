"""Calls that read trails: moto (5.2.5) shows members no organization trail, and no default selector.

A member sees the organization trail as a shadow trail, and its status and selectors by its ARN; it can change neither.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from moto.cloudtrail.models import Trail

from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.seams import answers
from aws_org_sandbox.trail import is_member, trails

EVERYTHING: Final = ({"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []},)
"""The default selector of a trail."""


@answers("cloudtrail", "DescribeTrails")
def describe_trails(call: Call) -> Mapping[str, Any]:
    """Trails of this account and region, and shadow trails unless excluded; named ones by name or ARN."""
    with_shadows = call.parameters.get("includeShadowTrails", True)
    seen = [trail for trail in trails() if _is_own(trail, call) or (with_shadows and _has_shadow(trail, call))]
    named = call.parameters.get("trailNameList") or ()
    chosen = [trail for trail in seen if not named or trail.arn in named or _is_called(trail, named, call)]
    return {"trailList": [_description(trail) for trail in chosen]}


@answers("cloudtrail", "GetTrailStatus")
def get_trail_status(call: Call) -> Mapping[str, Any]:
    """Whether a trail is logging."""
    status = _find(call, str(call.parameters["Name"])).status
    found = {"IsLogging": bool(status.is_logging), "LatestDeliveryTime": status.latest_delivery_time}
    return {key: value for key, value in found.items() if value is not None}


@answers("cloudtrail", "GetEventSelectors")
def get_event_selectors(call: Call) -> Mapping[str, Any]:
    """What a trail logs: selectors of one kind or the other."""
    trail = _find(call, str(call.parameters["TrailName"]))
    basic, advanced = trail.get_event_selectors()
    if advanced:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": advanced}
    return {"TrailARN": trail.arn, "EventSelectors": list(basic or EVERYTHING)}


def _find(call: Call, name: str) -> Trail:
    """A trail by its name in this account and region, or by its ARN."""
    for trail in trails():
        is_visible = _is_own(trail, call) or _has_shadow(trail, call)
        if is_visible and (trail.arn == name or _is_called(trail, (name,), call)):
            return trail
    raise Refused("TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}")


def _is_own(trail: Trail, call: Call) -> bool:
    return (trail.account_id, trail.region_name) == (call.account, call.region)


def _has_shadow(trail: Trail, call: Call) -> bool:
    reaches = trail.is_multi_region or trail.region_name == call.region
    return reaches and (trail.account_id == call.account or (trail.is_org_trail and is_member(call.account, trail)))


def _is_called(trail: Trail, names: Collection[str], call: Call) -> bool:
    return _is_own(trail, call) and trail.trail_name in names


def _description(trail: Trail) -> dict[str, Any]:
    basic, advanced = trail.get_event_selectors()
    found = trail.description(include_region=True) | {"HasCustomEventSelectors": bool(basic or advanced)}
    return {key: value for key, value in found.items() if value is not None}
