"""What Lambda refuses in a function's configuration: sizes, reserved names, queues that its role may not send to."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.tiny_functions import create_function, create_role, statement

QUEUE = "arn:aws:sqs:eu-west-1:200000000001:failures"

PLAIN_WITH_LEVEL = {"LogFormat": "Text", "ApplicationLogLevel": "INFO"}


def _variables(**values: str) -> dict[str, Any]:
    return {"Environment": {"Variables": values}}


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        pytest.param({"Timeout": 901}, "'timeout'.*equal to 900", id="longer than fifteen minutes"),
        pytest.param({"MemorySize": 10241}, "'memorySize'.*equal to 10240", id="more than 10,240 MB"),
        pytest.param(_variables(AWS_REGION="x"), "Reserved keys.*AWS_REGION", id="a reserved variable"),
        pytest.param(_variables(NAME="x" * 4093), "exceeded the 4KB limit", id="more than 4 KB of variables"),
        pytest.param({"LoggingConfig": PLAIN_WITH_LEVEL}, "log format must be JSON", id="a log level for plain text"),
        pytest.param({"Code": {"ZipFile": b"nothing"}}, "Could not unzip", id="code that is not a zip file"),
        pytest.param({"DeadLetterConfig": {"TargetArn": QUEUE}}, "SendMessage on arn:aws:sqs", id="queue not allowed"),
        pytest.param({"TracingConfig": {"Mode": "Active"}}, "call PutTraceSegments on XRAY", id="traces not allowed"),
    ],
)  # fmt: skip
def test_a_function_beyond_the_limits_is_not_created(sandbox: Sandbox, expected: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        create_function(sandbox, **expected)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert sandbox.client("lambda").list_functions()["Functions"] == []


def test_a_function_has_a_name_of_at_most_64_characters(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="less than or equal to 64"):
        create_function(sandbox, "f" * 65)


def test_the_same_limits_apply_to_an_update(sandbox: Sandbox) -> None:
    create_function(sandbox)
    with pytest.raises(ClientError, match="Reserved keys"):
        sandbox.client("lambda").update_function_configuration(
            FunctionName="tiny", Environment={"Variables": {"AWS_LAMBDA_RUNTIME_API": "other"}}
        )


def test_setting_a_destination_requires_permission_of_the_role(sandbox: Sandbox) -> None:
    create_function(sandbox)
    sandbox.client("sqs").create_queue(QueueName="failures")
    client, to_queue = sandbox.client("lambda"), {"OnFailure": {"Destination": QUEUE}}
    with pytest.raises(ClientError, match="does not have permissions to call SendMessage on arn:aws:sqs"):
        client.put_function_event_invoke_config(FunctionName="tiny", DestinationConfig=to_queue)
    role = create_role(
        sandbox, "may-send", service="lambda.amazonaws.com", statements=[statement("sqs:SendMessage", QUEUE)]
    )
    client.update_function_configuration(FunctionName="tiny", Role=role)
    client.put_function_event_invoke_config(FunctionName="tiny", DestinationConfig=to_queue)


def test_enabling_tracing_requires_permission_of_the_role(sandbox: Sandbox) -> None:
    create_function(sandbox)
    client, tracing = sandbox.client("lambda"), {"Mode": "Active"}
    with pytest.raises(ClientError, match="does not have permissions to call PutTraceSegments on XRAY") as refused:
        client.update_function_configuration(FunctionName="tiny", TracingConfig=tracing)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert client.get_function_configuration(FunctionName="tiny")["TracingConfig"] == {"Mode": "PassThrough"}
    allowed = [statement("xray:PutTraceSegments")]
    role = create_role(sandbox, "may-trace", service="lambda.amazonaws.com", statements=allowed)
    client.update_function_configuration(FunctionName="tiny", Role=role, TracingConfig=tracing)
    assert client.get_function_configuration(FunctionName="tiny")["TracingConfig"] == tracing


def test_a_hundred_executions_cannot_be_reserved(sandbox: Sandbox) -> None:
    create_function(sandbox)
    client = sandbox.client("lambda")
    client.put_function_concurrency(FunctionName="tiny", ReservedConcurrentExecutions=900)
    with pytest.raises(ClientError, match=r"below its minimum value of \[100\]"):
        client.put_function_concurrency(FunctionName="tiny", ReservedConcurrentExecutions=901)


def test_canary_moto_accepts_any_configuration_and_any_reservation(sandbox: Sandbox) -> None:
    create_function(sandbox)
    backend = lambda_backends["200000000001"]["eu-west-1"]
    function = backend.get_function("tiny")
    variables = {"Variables": {"AWS_REGION": "x" * 5000}}
    original(LambdaFunction, "update_configuration")(function, {"Timeout": 901, "Environment": variables})
    original(LambdaBackend, "put_function_concurrency")(backend, "tiny", "1000")
    assert (function.timeout, function.reserved_concurrency) == (901, "1000")


def test_canary_moto_forgets_a_change_of_tracing(sandbox: Sandbox) -> None:
    create_function(sandbox)
    function = lambda_backends["200000000001"]["eu-west-1"].get_function("tiny")
    original(LambdaFunction, "update_configuration")(function, {"TracingConfig": {"Mode": "Active"}})
    assert function.tracing_config == {"Mode": "PassThrough"}
