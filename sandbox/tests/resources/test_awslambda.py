from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, delete_stack
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, LAMBDA_TRUST, MEMBER, arn_of, deploy, resource, role, stack_of, trust

CODE = "code-of-member"
FUNCTION_ARN = f"arn:aws:lambda:{HOME}:{MEMBER}:function:handler"
ROLE = {"Role": role("handler", trusts=LAMBDA_TRUST)}


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    s3 = sandbox.client("s3", account=MEMBER)
    s3.create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": HOME})
    for name in ("one", "two"):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("index.py", f"def handle(event, context): return {name!r}\n")
        s3.put_object(Bucket=CODE, Key=f"{name}.zip", Body=data.getvalue())
    return sandbox.client("lambda", account=MEMBER)


def function(code: str = "one", **properties: Any) -> dict[str, Any]:
    base = {
        "FunctionName": "handler",
        "Code": {"S3Bucket": CODE, "S3Key": f"{code}.zip"},
        "Handler": "index.handle",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
    }
    return resource("AWS::Lambda::Function", {**base, **properties})


def remove() -> None:
    delete_stack(account=MEMBER, region=HOME, name="stack")


def configuration(client: Any) -> Any:
    return client.get_function_configuration(FunctionName="handler")


FULL: dict[str, Any] = {
    "Architectures": ["arm64"],
    "Description": "Handles",
    "Environment": {"Variables": {"LEDGER_TABLE": "ledger"}},
    "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/handler", "SystemLogLevel": "WARN"},
    "MemorySize": 512,
    "Tags": [{"Key": "team", "Value": "a"}],
    "Timeout": 60,
}


def test_a_function_has_all_properties_of_its_template(client: Any) -> None:
    stack = deploy(
        {**ROLE, "Function": function(**FULL)}, Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}}
    )
    assert stack.outputs == {"Arn": FUNCTION_ARN}
    found = configuration(client)
    assert (found["Architectures"], found["MemorySize"], found["Timeout"]) == (["arm64"], 512, 60)
    assert found["Environment"]["Variables"] == {"LEDGER_TABLE": "ledger"}
    assert found["LoggingConfig"]["LogFormat"] == "JSON"
    assert found["LoggingConfig"]["LogGroup"] == "/aws/lambda/handler"
    assert (found["Role"], found["Runtime"], found["Handler"]) == (arn_of("handler"), "python3.13", "index.handle")
    assert client.list_tags(Resource=FUNCTION_ARN)["Tags"] == {"team": "a"}


def test_a_function_is_updated_in_place(client: Any) -> None:
    deploy({**ROLE, "Function": function(**FULL)})
    before = configuration(client)
    deploy({**ROLE, "Function": function("two", **{**FULL, "Timeout": 30, "Environment": {"Variables": {"KEY": "1"}}})})
    after = configuration(client)
    assert after["CodeSha256"] != before["CodeSha256"]
    assert after["Timeout"] == 30
    assert after["Environment"]["Variables"] == {"KEY": "1"}
    assert after["Architectures"] == ["arm64"]
    deploy({**ROLE, "Function": function("two")})
    plain = configuration(client)
    assert (plain["Timeout"], plain["MemorySize"], plain["Architectures"]) == (3, 128, ["x86_64"])
    assert not plain.get("Environment", {}).get("Variables")
    assert client.list_tags(Resource=FUNCTION_ARN)["Tags"] == {}
    assert configuration(client)["CodeSha256"] == after["CodeSha256"]


def test_reserved_concurrency_is_set_and_removed(client: Any) -> None:
    deploy({**ROLE, "Function": function(ReservedConcurrentExecutions=5)})
    assert client.get_function_concurrency(FunctionName="handler")["ReservedConcurrentExecutions"] == 5
    deploy({**ROLE, "Function": function()})
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="handler")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param({"S3Bucket": CODE, "S3Key": "none.zip"}, "key does not exist|NoSuchKey", id="no object"),
        pytest.param(
            {"S3Bucket": "no-such-bucket-here", "S3Key": "a.zip"}, "bucket does not exist|NoSuchBucket", id="no bucket"
        ),
    ],
)
def test_missing_code_fails_the_stack(client: Any, code: dict[str, str], message: str) -> None:
    with pytest.raises(StackFailed, match=message):
        deploy({**ROLE, "Function": function(Code=code)})
    with pytest.raises(ClientError, match="ResourceNotFound"):
        configuration(client)


def test_inline_source_becomes_the_code(client: Any) -> None:
    source = "def handle(event, context): return 'inline'\n"
    deploy({**ROLE, "Function": function(Code={"ZipFile": source})})
    assert json.loads(client.invoke(FunctionName="handler")["Payload"].read()) == "inline"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param({}, id="none"),
        pytest.param({"S3Bucket": CODE}, id="a bucket without a key"),
        pytest.param({"S3Bucket": CODE, "S3Key": "one.zip", "ZipFile": "x = 1"}, id="two sources"),
    ],
)
def test_a_function_has_one_source(client: Any, code: dict[str, str]) -> None:
    with pytest.raises(StackFailed, match="provide a source for function code"):
        deploy({**ROLE, "Function": function(Code=code)})


def test_an_update_with_missing_code_keeps_the_old_code(client: Any) -> None:
    deploy({**ROLE, "Function": function()})
    before = configuration(client)["CodeSha256"]
    with pytest.raises(StackFailed):
        deploy({**ROLE, "Function": function("none", Timeout=30)})
    found = configuration(client)
    assert (found["CodeSha256"], found["Timeout"]) == (before, 3)


def test_a_role_that_lambda_may_not_assume_fails_the_function(client: Any) -> None:
    other = {"Role": role("handler", trusts=trust({"Service": "events.amazonaws.com"}))}
    with pytest.raises(StackFailed, match="cannot be assumed by Lambda"):
        deploy({**other, "Function": function()})


def test_a_permission_becomes_a_statement_of_the_policy(client: Any) -> None:
    def permission(rule: str) -> dict[str, Any]:
        properties = {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Function"},
            "Principal": "events.amazonaws.com",
            "SourceArn": f"arn:aws:events:{HOME}:{MEMBER}:rule/{rule}",
            "SourceAccount": MEMBER,
        }
        return resource("AWS::Lambda::Permission", properties)

    def sources() -> list[str]:
        statements = json.loads(client.get_policy(FunctionName="handler")["Policy"])["Statement"]
        return [item["Condition"]["ArnLike"]["AWS:SourceArn"].rsplit("/", 1)[-1] for item in statements]

    deploy({**ROLE, "Function": function(), "Permission": permission("one")})
    assert sources() == ["one"]
    deploy({**ROLE, "Function": function(), "Permission": permission("two")})
    assert sources() == ["two"]
    deploy({**ROLE, "Function": function()})
    with pytest.raises(ClientError, match="ResourceNotFound"):
        client.get_policy(FunctionName="handler")


def test_retry_settings_are_created_updated_and_deleted(client: Any) -> None:
    def retries(**properties: Any) -> dict[str, Any]:
        base = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST"}
        return resource("AWS::Lambda::EventInvokeConfig", {**base, **properties})

    queue = resource("AWS::SQS::Queue", {"QueueName": "failures"})
    destination = {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}}
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    base = {"Role": role("handler", send, trusts=LAMBDA_TRUST), "Function": function(), "Queue": queue}
    expected = retries(MaximumRetryAttempts=2, MaximumEventAgeInSeconds=3600, DestinationConfig=destination)
    deploy({**base, "Retries": expected})
    found = client.get_function_event_invoke_config(FunctionName="handler")
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (2, 3600)
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == f"arn:aws:sqs:{HOME}:{MEMBER}:failures"
    deploy({**base, "Retries": retries(MaximumRetryAttempts=0)})
    assert client.get_function_event_invoke_config(FunctionName="handler")["MaximumRetryAttempts"] == 0
    deploy(base)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        client.get_function_event_invoke_config(FunctionName="handler")


def test_deleting_a_stack_deletes_its_function(client: Any) -> None:
    deploy({**ROLE, "Function": function()})
    remove()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        configuration(client)
    with pytest.raises(AssertionError):
        stack_of()
