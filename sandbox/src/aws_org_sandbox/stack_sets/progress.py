"""The progress of an operation: counts by stage and by region, as DescribeStackSetOperation reports them. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationStatusDetails.html
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from aws_org_sandbox.stack_sets.model import Operation, ResultStatus

Counts = Counter[ResultStatus]


def status_details(operation: Operation) -> dict[str, Any]:
    """`StatusDetails` of an operation: totals are absent until its targets are resolved, as in AWS.

    Operations that provision no roles, as all of these, report NOT_APPLICABLE for that stage, without counts.
    """
    results = tuple(operation.results.values())
    counts = Counter(result.status for result in results)
    details: dict[str, Any] = {
        "FailedStackInstancesCount": counts["FAILED"],
        "Stages": {
            "RoleProvisioning": {"Status": "NOT_APPLICABLE"},
            "StackInstancesDeployment": _deployment(operation, counts),
        },
    }
    if operation.is_resolved:
        details["TotalAccountsCount"] = len({result.account for result in results})
        details["TotalStackInstancesCount"] = len(results)
    return details


def regional_status_details(operation: Operation) -> dict[str, Any]:
    """`RegionalStatusDetails` of an operation: one entry for each region with targets, once they are resolved."""
    if not operation.is_resolved:
        return {}
    by_region: dict[str, Counts] = {}
    for result in tuple(operation.results.values()):
        by_region.setdefault(result.region, Counter())[result.status] += 1
    return {
        region: {"Stages": {"RegionalStackInstancesDeployment": _deployment(operation, counts)}}
        for region, counts in by_region.items()
    }


def _deployment(operation: Operation, counts: Counts) -> dict[str, Any]:
    """The deployment stage: its status, and its counts once the targets are resolved."""
    if operation.action == "DETECT_DRIFT":
        return {"Status": "NOT_APPLICABLE"}
    if not operation.is_resolved:
        return {"Status": "NOT_STARTED"}
    total = counts.total()
    completed = counts["SUCCEEDED"] + counts["FAILED"] + counts["CANCELLED"]
    return {
        "Status": _stage_status(operation, counts, is_finished=completed == total),
        "SucceededStackInstancesCount": counts["SUCCEEDED"],
        "FailedStackInstancesCount": counts["FAILED"],
        "CancelledStackInstancesCount": counts["CANCELLED"],
        "SkippedStackInstancesCount": 0,  # those are instances whose account has no role, and no roles are provisioned
        "CompletedStackInstancesCount": completed,
        "PendingStackInstancesCount": total - completed,
        "PercentageCompleted": completed / total * 100 if total else 100.0,
    }


def _stage_status(operation: Operation, counts: Counts, *, is_finished: bool) -> str:
    if not is_finished:
        return "IN_PROGRESS" if counts["PENDING"] < counts.total() else "NOT_STARTED"
    if not counts.total() and operation.is_unfinished:
        return "NOT_STARTED"
    if counts["SUCCEEDED"] == counts.total():
        return "SUCCEEDED"
    return "PARTIAL_SUCCESS" if counts["SUCCEEDED"] else "FAILED"
