"""Operations that the sandbox does not model are refused, because moto would answer differently from AWS."""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from aws_org_sandbox import gate, scope
from aws_org_sandbox.iam.actions import TABLES
from aws_org_sandbox.iam.special_actions import SPECIAL
from aws_org_sandbox.sandbox import Sandbox

ORIGIN = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
MADE_UP = [
    pytest.param("cloudformation", "list_exports", {}, id="exports of stacks"),
    pytest.param("cloudformation", "set_stack_policy", {"StackName": "s"}, id="a stack policy without effect"),
    pytest.param("cloudformation", "detect_stack_drift", {"StackName": "s"}, id="an operation that moto lacks"),
    pytest.param("sts", "get_session_token", {}, id="credentials that the gate does not know"),
    pytest.param("logs", "start_query", {"startTime": 0, "endTime": 1, "queryString": "x"}, id="a query language"),
    pytest.param("iam", "create_service_linked_role", {"AWSServiceName": "x.amazonaws.com"}, id="a role of a service"),
    pytest.param("events", "create_connection", {"Name": "c", "AuthorizationType": "BASIC", "AuthParameters": {}},
                 id="a connection that no target uses"),
    pytest.param("lambda", "list_function_url_configs", {"FunctionName": "f"}, id="a list of function URLs"),
    pytest.param("dynamodb", "put_resource_policy", {"ResourceArn": "a", "Policy": "{}"}, id="a policy without effect"),
    pytest.param("s3", "put_bucket_cors", {"Bucket": "bucket", "CORSConfiguration": ORIGIN}, id="CORS without effect"),
    pytest.param("organizations", "delete_organization", {}, id="an organization with accounts in it"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "parameters"), MADE_UP)
def test_an_operation_that_the_sandbox_lacks_is_refused_with_the_reason(
    sandbox: Sandbox, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="is not supported by the sandbox") as refused:
        getattr(sandbox.client(service), operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == "NotInSandbox"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_service_that_deployer_does_not_use_is_left_to_moto(sandbox: Sandbox) -> None:
    sandbox.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    assert sandbox.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"


def test_a_service_whose_packages_are_not_installed_is_refused(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(ClientError, match="moto needs the package joserfc for cognito-idp") as refused:
        sandbox.client("cognito-idp").list_user_pools(MaxResults=1)
    assert refused.value.response["Error"]["Code"] == "NotInSandbox"


@pytest.mark.parametrize("service", sorted(scope.MODELED))
def test_reviewed_operations_exist_and_are_in_one_table_only(service: str) -> None:
    assert scope.MODELED[service] <= set(get_service_model(service).operation_names)
    assert not scope.MODELED[service] & TABLES.get(service, {}).keys()
    assert not {(service, operation) for operation in scope.MODELED[service]} & SPECIAL.keys()


def test_canary_moto_invents_credentials(sandbox: Sandbox) -> None:
    with patch.object(gate, "_hook", lambda *_: lambda *_: None):
        made = sandbox.client("sts").get_session_token()["Credentials"]
    assert made["AccessKeyId"] == "AKIAIOSFODNN7EXAMPLE"
