"""DetectStackSetDrift and its results.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-drift.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_org_sandbox import pages, seams
from aws_org_sandbox.calls import Call, Refused
from aws_org_sandbox.cloudformation.drift import ResourceDrift
from aws_org_sandbox.stack_sets import operations, store
from aws_org_sandbox.stack_sets.access import operated
from aws_org_sandbox.stack_sets.instance_requests import already_begun, new_operation
from aws_org_sandbox.stack_sets.model import Operation, StackSet

PAGE = 100


@seams.answers("cloudformation", "DetectStackSetDrift")
def detect_stack_set_drift(call: Call) -> Mapping[str, Any]:
    """Compare every stack instance with its template, without changing any."""
    operated(call)
    stack_set = store.required(call)
    if known := already_begun(call, stack_set):
        return {"OperationId": known.id}
    if any(stack_set.unfinished):
        raise Refused("OperationInProgressException", f"An operation on {stack_set.arn} is in progress", status=409)
    if not stack_set.instances:
        raise Refused("InvalidOperationException", f"StackSet {stack_set.name} has no stack instances.")
    operation = new_operation(call, stack_set, "DETECT_DRIFT", covered=list(stack_set.instances.values()))
    return {"OperationId": operations.begin(stack_set, operation, accept=lambda: None).id}


@seams.answers("cloudformation", "ListStackInstanceResourceDrifts")
def list_stack_instance_resource_drifts(call: Call) -> Mapping[str, Any]:
    """What one drift detection found about the resources of one stack instance."""
    stack_set = store.required(call)
    operation = operations.required(stack_set, str(call.parameters["OperationId"]))
    key = (str(call.parameters["StackInstanceAccount"]), str(call.parameters["StackInstanceRegion"]))
    if operation.action != "DETECT_DRIFT":
        message = f"Operation {operation.id} of StackSet {stack_set.name} is no drift detection"
        raise Refused("OperationNotFoundException", message, status=404)
    if key not in operation.results:
        message = f"Stack instance for account {key[0]} and region {key[1]} not found in StackSet {stack_set.name}"
        raise Refused("StackInstanceNotFoundException", message, status=404)
    desired = call.parameters.get("StackInstanceResourceDriftStatuses")
    drifts = [drift for drift in operation.drifts.get(key, ()) if not desired or drift.status in desired]
    found, token = pages.page(drifts, call, limit=PAGE, bad_token="ValidationError")  # noqa: S106 - an error code
    return pages.with_token({"Summaries": [_summary(drift) for drift in found]}, token)


def detection_details(operation: Operation) -> dict[str, Any]:
    """`StackSetDriftDetectionDetails` of a drift detection."""
    statuses = [result.status for result in operation.results.values()]
    drifted = sum(any(one.is_drifted for one in drifts) for drifts in operation.drifts.values())
    return {
        "DriftStatus": "DRIFTED" if drifted else "IN_SYNC" if operation.drifts else "NOT_CHECKED",
        "DriftDetectionStatus": _detection_status(operation, statuses),
        "LastDriftCheckTimestamp": operation.ended,
        "TotalStackInstancesCount": len(statuses),
        "DriftedStackInstancesCount": drifted,
        "InSyncStackInstancesCount": len(operation.drifts) - drifted,
        "InProgressStackInstancesCount": sum(status in {"PENDING", "RUNNING"} for status in statuses),
        "FailedStackInstancesCount": statuses.count("FAILED"),
    }


def last_completed(stack_set: StackSet) -> Operation | None:
    """The last drift detection that has ended."""
    ended = (one for one in reversed(stack_set.operations) if one.action == "DETECT_DRIFT" and not one.is_unfinished)
    return next(ended, None)


def _detection_status(operation: Operation, statuses: Sequence[str]) -> str:
    if operation.is_unfinished:
        return "IN_PROGRESS"
    if operation.status in {"STOPPED", "FAILED"}:
        return operation.status
    return "PARTIAL_SUCCESS" if "FAILED" in statuses else "COMPLETED"


def _summary(drift: ResourceDrift) -> dict[str, Any]:
    return {
        "StackId": drift.stack_id,
        "LogicalResourceId": drift.logical_id,
        "PhysicalResourceId": drift.physical_id,
        "ResourceType": drift.type,
        "StackResourceDriftStatus": drift.status,
        "PropertyDifferences": [
            {
                "PropertyPath": one.path,
                "ExpectedValue": one.expected,
                "ActualValue": one.actual,
                "DifferenceType": one.type,
            }
            for one in drift.differences
        ],
        "Timestamp": drift.at,
    }
