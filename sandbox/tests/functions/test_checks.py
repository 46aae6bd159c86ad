"""Requests for functions and permissions that Lambda refuses and moto accepts."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.tiny_functions import OBEDIENT, create_function, create_role, invoke, zip_of


def bucket(sandbox: Sandbox, name: str, region: str) -> None:
    sandbox.client("s3", region=region).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": region}
    )
    sandbox.client("s3", region=region).put_object(Bucket=name, Key="code.zip", Body=zip_of(OBEDIENT))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        pytest.param(("nowhere", "code.zip"), "NoSuchBucket", id="no such bucket"),
        pytest.param(("here", "gone.zip"), "NoSuchKey", id="no such object"),
        pytest.param(("there", "code.zip"), "PermanentRedirect", id="a bucket in another region"),
    ],
)
def test_code_that_lambda_cannot_read_creates_no_function(sandbox: Sandbox, place: tuple[str, str], code: str) -> None:
    bucket(sandbox, "here", "eu-west-1")
    bucket(sandbox, "there", "eu-central-1")
    role = create_role(sandbox, "role", service="lambda.amazonaws.com", statements=[])
    with pytest.raises(ClientError, match=f"S3 Error Code: {code}") as refused:
        sandbox.client("lambda").create_function(
            FunctionName="f",
            Runtime="python3.13",
            Role=role,
            Handler="app.handle",
            Code={"S3Bucket": place[0], "S3Key": place[1]},
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert sandbox.client("lambda").list_functions()["Functions"] == []


def test_code_from_a_bucket_runs_and_can_be_updated(sandbox: Sandbox) -> None:
    bucket(sandbox, "here", "eu-west-1")
    create_function(sandbox, Code={"S3Bucket": "here", "S3Key": "code.zip"})
    first = invoke(sandbox)[0]["pid"]
    new = zip_of("def handle(event, context): return 'new'\n")
    sandbox.client("s3").put_object(Bucket="here", Key="new.zip", Body=new)
    sandbox.client("lambda").update_function_code(FunctionName="tiny", S3Bucket="here", S3Key="new.zip")
    assert first
    assert invoke(sandbox) == ("new", None)


def test_a_statement_id_cannot_be_used_twice(sandbox: Sandbox) -> None:
    create_function(sandbox)
    permission = {"FunctionName": "tiny", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
    sandbox.client("lambda").add_permission(**permission)
    with pytest.raises(ClientError) as refused:
        sandbox.client("lambda").add_permission(**permission)
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"


def test_an_account_becomes_a_principal_of_the_policy(sandbox: Sandbox) -> None:
    create_function(sandbox)
    client = sandbox.client("lambda")
    client.add_permission(
        FunctionName="tiny", StatementId="s", Action="lambda:InvokeFunction", Principal="300000000001"
    )
    (statement,) = json.loads(client.get_policy(FunctionName="tiny")["Policy"])["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::300000000001:root"}
