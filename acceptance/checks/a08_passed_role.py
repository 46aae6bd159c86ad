"""A8: CloudFormation passes roles with iam:PassedToService of the service that uses them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from acceptance.check import Check, Finding, held, not_run, refuted
from acceptance.journal import Resource
from acceptance.lab import Lab, StackError, wait_for_stack
from deployer.aws.session import Session

CODE = "code.zip"


def run(lab: Lab) -> Finding:
    """Create a function by a stack, as a role that may pass its role to Lambda only."""
    lab.stack("central", "passer", _roles(lab))
    _upload(lab)
    name = lab.name("function")
    resource = Resource(kind="stack", side="central", region=lab.environment.region, name=name)
    client: Any = _session(lab).client("cloudformation", region=lab.environment.region)
    body = json.dumps(_function(lab))
    lab.create(resource, lambda: client.create_stack(StackName=name, TemplateBody=body, OnFailure="DO_NOTHING"))
    try:
        wait_for_stack(lab.client("central", "cloudformation"), name, lab)
    except StackError as error:
        if any("iam:PassRole" in one["ResourceStatusReason"] for one in error.events):
            return refuted("CloudFormation was denied iam:PassRole", events=error.events)
        return not_run("The stack failed for another reason", events=error.events)
    return held("CloudFormation passed the role to Lambda under this condition")


def _session(lab: Lab) -> Session:
    client = lab.client("central", "sts")
    arn = lab.names.role_arn(lab.environment.central_account, lab.name("passer"))
    parsed = lab.wait_while(
        {"AccessDenied"}, lambda: client.assume_role(RoleArn=arn, RoleSessionName=lab.prefix)["Credentials"]
    )
    return Session(
        region=lab.environment.region,
        aws_access_key_id=parsed["AccessKeyId"],
        aws_secret_access_key=parsed["SecretAccessKey"],
        aws_session_token=parsed["SessionToken"],
    )


def _bucket(lab: Lab) -> str:
    return f"{lab.name('code')}-{lab.environment.central_account}"


def _upload(lab: Lab) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return None\n")
    client = lab.client("central", "s3")
    details = {"bucket": _bucket(lab)}
    resource = Resource(kind="object", side="central", region=lab.environment.region, name=CODE, details=details)
    lab.create(resource, lambda: client.put_object(Bucket=_bucket(lab), Key=CODE, Body=data.getvalue()))


def _roles(lab: Lab) -> dict[str, Any]:
    account, partition = lab.environment.central_account, lab.names.partition
    function_role = lab.names.role_arn(account, lab.name("function"))
    allowed = [
        _allow(["cloudformation:*"], "*"),
        _allow(["lambda:*"], f"arn:{partition}:lambda:{lab.environment.region}:{account}:function:{lab.prefix}-*"),
        _allow(["s3:GetObject"], f"arn:{partition}:s3:::{_bucket(lab)}/*"),
        {
            **_allow(["iam:PassRole"], function_role),
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        },
    ]
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": _bucket(lab)}},
            "FunctionRole": _role(lab, "function", {"Service": "lambda.amazonaws.com"}, []),
            "PasserRole": _role(lab, "passer", {"AWS": f"arn:{partition}:iam::{account}:root"}, allowed),
        }
    }


def _role(lab: Lab, name: str, principal: dict[str, str], allowed: list[dict[str, Any]]) -> dict[str, Any]:
    trusted = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    policies = [{"PolicyName": name, "PolicyDocument": _document(allowed)}] if allowed else []
    properties = {"RoleName": lab.name(name), "AssumeRolePolicyDocument": _document([trusted])}
    return {"Type": "AWS::IAM::Role", "Properties": {**properties, **({"Policies": policies} if policies else {})}}


def _function(lab: Lab) -> dict[str, Any]:
    properties = {
        "FunctionName": lab.name("function"),
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": lab.names.role_arn(lab.environment.central_account, lab.name("function")),
        "Code": {"S3Bucket": _bucket(lab), "S3Key": CODE},
    }
    return {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}}


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


CHECK = Check(
    number=8,
    title="CloudFormation passes roles with iam:PassedToService of the service that uses them",
    run=run,
    creates=("central: a stack of two roles and a bucket, and one of a Lambda function that is never invoked",),
    minutes=3,
    altered_by="PASSED_ROLES_WITHOUT_SERVICE",
)
