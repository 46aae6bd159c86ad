"""Errors of AWS are translated, whichever call of an operation failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aws_org_sandbox.faults import Error, Fault
from aws_org_sandbox.sandbox import Sandbox
from deployer.aws.stack_sets import CloudFormationStackSets
from deployer.errors import PermissionDeniedError
from deployer.operation_preferences import OperationPreferences
from deployer.stack_sets import StackSetDefinition
from tests.clocks import timeless

DEFINITION = StackSetDefinition(name="deployer-forwarding", description="d", body="{}", depends_on=("deployer-access",))

ALONE = replace(DEFINITION, depends_on=())


@pytest.mark.parametrize(
    ("operation", "definition"),
    [
        pytest.param("DescribeStackSet", DEFINITION, id="the StackSet that it depends on"),
        pytest.param("ListStackInstances", ALONE, id="the regions that are put in order"),
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
