"""Parses, checks and describes OperationPreferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_org_sandbox.calls import Refused
from aws_org_sandbox.stack_sets.model import Preferences


def parse_preferences(parameters: Mapping[str, Any], *, regions: tuple[str, ...]) -> Preferences:
    """The preferences of a request; refuses contradictions.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html
    """
    request: Mapping[str, Any] = parameters.get("OperationPreferences") or {}
    _check_one(request, "FailureToleranceCount", "FailureTolerancePercentage")
    _check_one(request, "MaxConcurrentCount", "MaxConcurrentPercentage")
    _check_range(request, "FailureTolerancePercentage", 0)
    _check_range(request, "MaxConcurrentPercentage", 1)
    order = tuple(request.get("RegionOrder") or ())
    if order and regions and set(order) != set(regions):
        raise Refused("ValidationError", "RegionOrder must have the same regions as Regions.")
    return Preferences(
        region_order=order,
        parallel_regions=request.get("RegionConcurrencyType") == "PARALLEL",
        tolerance_count=_number(request, "FailureToleranceCount"),
        tolerance_percentage=_number(request, "FailureTolerancePercentage"),
        concurrent_count=_number(request, "MaxConcurrentCount"),
        concurrent_percentage=_number(request, "MaxConcurrentPercentage"),
        soft=request.get("ConcurrencyMode") == "SOFT_FAILURE_TOLERANCE",
    )


def describe_preferences(preferences: Preferences) -> dict[str, Any]:
    """The members that the request had."""
    described = {
        "RegionOrder": list(preferences.region_order),
        "RegionConcurrencyType": "PARALLEL" if preferences.parallel_regions else "SEQUENTIAL",
        "FailureToleranceCount": preferences.tolerance_count,
        "FailureTolerancePercentage": preferences.tolerance_percentage,
        "MaxConcurrentCount": preferences.concurrent_count,
        "MaxConcurrentPercentage": preferences.concurrent_percentage,
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE" if preferences.soft else "STRICT_FAILURE_TOLERANCE",
    }
    return {key: value for key, value in described.items() if value is not None}


def _number(request: Mapping[str, Any], member: str) -> int | None:
    value = request.get(member)
    return None if value is None else int(value)


def _check_one(request: Mapping[str, Any], count: str, percentage: str) -> None:
    if count in request and percentage in request:
        raise Refused("ValidationError", f"You can specify either {count} or {percentage}, but not both.")


def _check_range(request: Mapping[str, Any], member: str, lowest: int) -> None:
    value = request.get(member)
    if value is not None and not lowest <= int(value) <= 100:
        raise Refused("ValidationError", f"{member} must be between {lowest} and 100, and is {value}.")
