"""How stock moto models StackSets, and why none of it is used: when one of these fails, review the seam."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.base_backend import BackendDict

from aws_org_sandbox import seams

OPERATIONS = (
    "CreateStackSet",
    "UpdateStackSet",
    "DeleteStackSet",
    "DescribeStackSet",
    "ListStackSets",
    "CreateStackInstances",
    "UpdateStackInstances",
    "DeleteStackInstances",
    "DescribeStackInstance",
    "ListStackInstances",
    "DescribeStackSetOperation",
    "ListStackSetOperations",
    "ListStackSetOperationResults",
    "StopStackSetOperation",
    "ListStackSetAutoDeploymentTargets",
    "DescribeOrganizationsAccess",
    "ActivateOrganizationsAccess",
    "DeactivateOrganizationsAccess",
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_stack_set_operation_reaches_moto(operation: str) -> None:
    seams.install()
    assert seams.answer_for("cloudformation", operation) is not None


def test_canary_moto_lacks_features_of_service_managed_stack_sets() -> None:
    from moto.cloudformation.responses import CloudFormationResponse  # noqa: PLC0415 - stock moto itself

    for method in (
        "list_stack_set_auto_deployment_targets",
        "describe_organizations_access",
        "activate_organizations_access",
    ):
        assert not hasattr(CloudFormationResponse, method)


@pytest.fixture
def stack_set() -> Any:
    """A self-managed StackSet of stock moto with one instance in one account."""
    from moto.cloudformation.models import CloudFormationBackend  # noqa: PLC0415 - stock moto itself

    BackendDict.reset()
    backend = CloudFormationBackend("eu-west-1", "100000000000")
    created = backend.create_stack_set(
        name="stock",
        template=_template("before"),
        parameters={},
        tags={},
        permission_model="SELF_MANAGED",
        admin_role=None,
        exec_role=None,
        description=None,
    )
    created.create_stack_instances(["200000000001"], ["eu-west-1"], None, [])
    return created


def test_canary_moto_reports_success_for_an_update_without_effect(stack_set: Any) -> None:
    (instance,) = stack_set.stack_instances
    operation = stack_set.update(
        template=_template("after"),
        description="",
        parameters={},
        tags={},
        admin_role="",
        execution_role="",
        accounts=["200000000001"],
        regions=["eu-west-1"],
        operation_id="update",
    )
    assert operation["Status"] == "SUCCEEDED"
    assert instance.stack.template == _template("before")


def _template(queue: str) -> str:
    return json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": queue}}}})
