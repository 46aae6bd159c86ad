"""Requests that violate the service models: AWS and the sandbox refuse them before anything else."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from aws_org_sandbox import constraints
from aws_org_sandbox.constraints import CODES, check
from aws_org_sandbox.sandbox import Sandbox

QUEUE = "arn:aws:sqs:eu-west-1:200000000001:q"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
PATTERN = '{"source": ["aws.ecr"]}'
ALARM = {"EvaluationPeriods": 1, "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1}

Request = tuple[str, str, dict[str, Any], str]

ACCEPTED_BY_MOTO = [
    pytest.param(
        ("iam", "create_role", {"RoleName": "x" * 65, "AssumeRolePolicyDocument": TRUST}, "'roleName'.*equal to 64"),
        id="a role's name of 65 characters",
    ),
    pytest.param(
        ("events", "put_rule", {"Name": "r" * 65, "EventPattern": PATTERN}, "'name'.*equal to 64"),
        id="a rule's name of 65 characters",
    ),
    pytest.param(
        ("events", "put_rule", {"Name": "a rule", "EventPattern": PATTERN}, "'name'.*pattern"),
        id="a rule's name with a space",
    ),
    pytest.param(
        ("events", "put_rule", {"Name": "r", "EventPattern": PATTERN, "State": "ON"}, "'state'.*ENABLED, DISABLED"),
        id="an unknown state of a rule",
    ),
    pytest.param(
        ("logs", "create_log_group", {"logGroupName": "a b"}, "'logGroupName'.*pattern"),
        id="a log group's name with a space",
    ),
    pytest.param(
        ("cloudwatch", "put_metric_alarm", {"AlarmName": "a", "ComparisonOperator": "Above", **ALARM}, "GreaterThan"),
        id="an unknown comparison of an alarm",
    ),
]


def ask(sandbox: Sandbox, request: Request) -> Any:
    service, operation, parameters, _ = request
    return getattr(sandbox.client(service), operation)(**parameters)


@pytest.mark.parametrize("request_", ACCEPTED_BY_MOTO)
def test_a_request_that_violates_its_model_is_refused(sandbox: Sandbox, request_: Request) -> None:
    with pytest.raises(ClientError, match=f"1 validation error detected: .*{request_[3]}") as refused:
        ask(sandbox, request_)
    assert refused.value.response["Error"]["Code"] == CODES[request_[0]]


@pytest.mark.parametrize("request_", ACCEPTED_BY_MOTO)
def test_canary_moto_accepts_it_unchanged(sandbox: Sandbox, request_: Request) -> None:
    with patch.object(constraints, "check"):
        ask(sandbox, request_)


def test_list_members_are_checked_too_and_all_violations_are_reported(sandbox: Sandbox) -> None:
    events = sandbox.client("events")
    events.put_rule(Name="r", EventPattern=PATTERN)
    wrong = {"Id": "a b", "Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 186}}
    with pytest.raises(ClientError) as refused:
        events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": QUEUE}, wrong])
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("2 validation errors detected: ")
    assert "Value 'a b' at 'targets.2.member.id'" in message
    assert "Value '186' at 'targets.2.member.retryPolicy.maximumRetryAttempts'" in message


def test_an_operation_id_of_a_stack_set_has_no_at_sign(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match=r"'operationId'.*pattern"):
        sandbox.client("cloudformation").delete_stack_instances(
            StackSetName="s",
            Regions=["eu-west-1"],
            RetainStacks=False,
            DeploymentTargets={"OrganizationalUnitIds": ["ou-exam-prod0001"]},
            OperationId="jane@example.com",
            CallAs="DELEGATED_ADMIN",
        )


def test_tags_may_contain_letters_of_any_alphabet() -> None:
    shape = get_service_model("iam").operation_model("TagRole").input_shape
    check("iam", {"RoleName": "r", "Tags": [{"Key": "größe", "Value": "中 + 1"}]}, shape)


def test_a_long_value_is_not_repeated_in_the_error() -> None:
    shape = get_service_model("iam").operation_model("CreateRole").input_shape
    with pytest.raises(Exception, match="Value at 'description' failed"):
        check("iam", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Description": "d" * 1001}, shape)
