"""Errors of AWS are translated, whichever call of an operation failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.stack_set_reader import StackSetReader
from deployer.aws.stack_sets import CloudFormationStackSets
from deployer.errors import PermissionDeniedError
from deployer.operation_preferences import OperationPreferences
from deployer.stack_sets import InstanceCounts, StackSetDefinition
from tests.clocks import timeless

DEFINITION = StackSetDefinition(name="deployer-forwarding", description="d", body="{}", depends_on=("deployer-access",))

ALONE = replace(DEFINITION, depends_on=())


@pytest.mark.parametrize(
    ("operation", "definition"),
    [
        pytest.param("DescribeStackSet", DEFINITION, id="the StackSet that it depends on"),
        pytest.param("ListStackInstances", ALONE, id="the order of the regions"),
    ],
)
def test_every_call_of_an_update_is_translated(
    sandbox: Sandbox, operation: str, definition: StackSetDefinition
) -> None:
    sandbox.faults.add(Fault(effect=Error(code="AccessDenied", message="not you"), operation=operation))
    stack_sets = CloudFormationStackSets(
        sandbox.client("cloudformation"),
        call_as="DELEGATED_ADMIN",
        store=lambda body: body,
        preferences=OperationPreferences(region_order=("eu-west-1",), region_concurrency="SEQUENTIAL"),
        caller="arn:aws:iam::200000000001:user/alice",
        clock=timeless(),
    )
    with pytest.raises(PermissionDeniedError, match=f"^{operation} was denied: not you"):
        stack_sets.update(definition, only=None)


STAGE = {"Status": "IN_PROGRESS", "SucceededStackInstancesCount": 2, "FailedStackInstancesCount": 1}
COUNTED = STAGE | {"CompletedStackInstancesCount": 3, "PendingStackInstancesCount": 4}


@pytest.mark.parametrize(
    ("details", "counts"),
    [
        pytest.param({}, None, id="an SDK without details"),
        pytest.param({"FailedStackInstancesCount": 1}, None, id="an SDK without stages"),
        pytest.param(
            {"Stages": {"StackInstancesDeployment": {"Status": "NOT_APPLICABLE"}}, "TotalStackInstancesCount": 9},
            None,
            id="drift detection, for which AWS counts nothing",
        ),
        pytest.param(
            {"Stages": {"StackInstancesDeployment": {"Status": "NOT_STARTED"}}},
            InstanceCounts(total=0),
            id="targets that are not resolved yet",
        ),
        pytest.param(
            {"Stages": {"StackInstancesDeployment": COUNTED}, "TotalStackInstancesCount": 7},
            InstanceCounts(total=7, completed=3, succeeded=2, failed=1),
            id="an operation in progress",
        ),
    ],
)
def test_counts_are_read_if_aws_returns_them(details: dict[str, Any], counts: InstanceCounts | None) -> None:
    class Client:
        def describe_stack_set_operation(self, **_: Any) -> Any:
            operation = {"OperationId": "one", "Action": "CREATE", "Status": "RUNNING", "StatusDetails": details}
            regional = {"Stages": {"RegionalStackInstancesDeployment": COUNTED}}
            return {"StackSetOperation": operation | {"RegionalStatusDetails": {"eu-west-1": regional}}}

    found = StackSetReader(cast("Any", Client()), call_as="SELF", clock=timeless()).operation("s", "one")
    assert found.counts == counts
    assert found.regions == {"eu-west-1": InstanceCounts(total=7, completed=3, succeeded=2, failed=1)}
