"""What DescribeStackSetOperation reports of an operation's progress."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.stack_sets.model import Action, Operation, OperationStatus, Result, ResultStatus
from aws_org_sandbox.stack_sets.progress import regional_status_details, status_details
from sandbox.tests.stack_sets.test_in_sandbox import HOME, PROD, SHOP, StackSets

RESULT_STATUSES = st.sampled_from(get_args(ResultStatus))
SECOND = "us-east-1"


def operation(
    *statuses: ResultStatus,
    status: OperationStatus = "RUNNING",
    region: str = HOME,
    action: Action = "CREATE",
    resolved: bool = True,
) -> Operation:
    results = (
        Result(account=f"{number:012}", region=region, organizational_unit_id=PROD, status=result)
        for number, result in enumerate(statuses)
    )
    return Operation(
        id="one",
        action=action,
        results={result.key: result for result in results},
        regions=(region,),
        status=status,
        is_resolved=resolved,
    )


def deployment(one: Operation) -> dict[str, Any]:
    stage: dict[str, Any] = status_details(one)["Stages"]["StackInstancesDeployment"]
    return stage


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param(("PENDING", "PENDING"), "NOT_STARTED", id="no instance has started"),
        pytest.param(("RUNNING", "PENDING"), "IN_PROGRESS", id="one has started"),
        pytest.param(("SUCCEEDED", "PENDING"), "IN_PROGRESS", id="one has finished"),
        pytest.param(("SUCCEEDED", "SUCCEEDED"), "SUCCEEDED", id="all have succeeded"),
        pytest.param(("SUCCEEDED", "FAILED"), "PARTIAL_SUCCESS", id="some have failed"),
        pytest.param(("SUCCEEDED", "CANCELLED"), "PARTIAL_SUCCESS", id="some were canceled"),
        pytest.param(("FAILED", "CANCELLED"), "FAILED", id="none has succeeded"),
    ],
)
def test_the_status_of_the_deployment_stage(statuses: tuple[ResultStatus, ...], expected: str) -> None:
    assert deployment(operation(*statuses))["Status"] == expected
    regional = regional_status_details(operation(*statuses))
    assert regional[HOME]["Stages"]["RegionalStackInstancesDeployment"]["Status"] == expected


@given(st.lists(RESULT_STATUSES))
def test_counts_add_up_whatever_the_results(statuses: list[ResultStatus]) -> None:
    one = operation(*statuses)
    stage = deployment(one)
    completed = stage["CompletedStackInstancesCount"]
    parts = ("Succeeded", "Failed", "Cancelled", "Skipped")
    assert completed == sum(stage[f"{part}StackInstancesCount"] for part in parts)
    assert completed + stage["PendingStackInstancesCount"] == len(statuses)
    assert status_details(one)["TotalStackInstancesCount"] == len(statuses)
    assert stage["FailedStackInstancesCount"] == statuses.count("FAILED")
    assert 0 <= stage["PercentageCompleted"] <= 100


def test_nothing_is_counted_before_the_targets_are_resolved() -> None:
    waiting = operation("PENDING", status="QUEUED", resolved=False)
    details = status_details(waiting)
    assert "TotalAccountsCount" not in details
    assert "TotalStackInstancesCount" not in details
    assert details["Stages"]["StackInstancesDeployment"] == {"Status": "NOT_STARTED"}
    assert regional_status_details(waiting) == {}


def test_drift_detection_deploys_nothing() -> None:
    assert deployment(operation("SUCCEEDED", action="DETECT_DRIFT")) == {"Status": "NOT_APPLICABLE"}


def _statuses(summaries: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["Account"], one["Status"]) for one in summaries}


def test_one_call_reports_the_progress_of_all_regions_and_failures_are_filtered(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="sqs", operation="CreateQueue", account=SHOP, effect=Error(code="InternalError")))
    stack_sets = StackSets(sandbox)
    stack_sets.create()
    known = {"StackSetName": "queues", "CallAs": "DELEGATED_ADMIN"}
    with sandbox.held():
        known["OperationId"] = stack_sets.deploy(
            PROD, regions=(HOME, SECOND), OperationPreferences={"RegionOrder": [SECOND, HOME]}
        )
        begun = stack_sets.client.describe_stack_set_operation(**known)["StackSetOperation"]
        assert "TotalStackInstancesCount" not in begun["StatusDetails"]
    sandbox.settle()
    ended = stack_sets.client.describe_stack_set_operation(**known)["StackSetOperation"]
    assert ended["StatusDetails"]["TotalAccountsCount"] == 4
    assert ended["StatusDetails"]["TotalStackInstancesCount"] == 8
    assert ended["StatusDetails"]["FailedStackInstancesCount"] == 1
    assert ended["StatusDetails"]["Stages"]["RoleProvisioning"] == {"Status": "NOT_APPLICABLE"}
    stage = ended["StatusDetails"]["Stages"]["StackInstancesDeployment"]
    assert (stage["Status"], stage["PercentageCompleted"], stage["CancelledStackInstancesCount"]) == ("FAILED", 100, 7)
    regions = {
        region: detail["Stages"]["RegionalStackInstancesDeployment"]["FailedStackInstancesCount"]
        for region, detail in ended["RegionalStatusDetails"].items()
    }
    assert regions == {HOME: 0, SECOND: 1}
    (listed,) = stack_sets.client.list_stack_set_operations(StackSetName="queues", CallAs="DELEGATED_ADMIN")[
        "Summaries"
    ]
    assert "RegionalStatusDetails" not in listed

    def results(status: str) -> list[dict[str, Any]]:
        filters = [{"Name": "OPERATION_RESULT_STATUS", "Values": status}]
        summaries: list[dict[str, Any]] = stack_sets.client.list_stack_set_operation_results(**known, Filters=filters)[
            "Summaries"
        ]
        return summaries

    assert _statuses(results("FAILED")) == {(SHOP, "FAILED")}
    assert len(results("CANCELLED")) == 7
    with pytest.raises(ClientError, match="not a status"):
        results("BROKEN")
