from __future__ import annotations

import json
import re
from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, delete_stack
from aws_org_sandbox.resources.catalogue import TYPES
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests import provider_schemas
from sandbox.tests.stacks import HOME, allow, arn_of, assume, deploy, resource, role, template, trust
from sandbox.tests.tiny_functions import create_function

AUTHORIZED = {"AuthType": "AWS_IAM"}


@pytest.fixture
def arn(sandbox: Sandbox) -> str:
    return create_function(sandbox)


def url(arn: str, **properties: Any) -> dict[str, Any]:
    return resource("AWS::Lambda::Url", {"TargetFunctionArn": arn, **AUTHORIZED, **properties})


def grant(arn: str, action: str, **properties: Any) -> dict[str, Any]:
    return resource("AWS::Lambda::Permission", {"FunctionName": arn, "Action": action, "Principal": "*", **properties})


def deploy_here(sandbox: Sandbox, resources: dict[str, Any], **sections: Any) -> Any:
    return deploy(resources, account=sandbox.central_account, **sections)


def test_a_url_is_created_retained_and_deleted(sandbox: Sandbox, arn: str) -> None:
    outputs = {
        "Url": {"Value": {"Fn::GetAtt": ["Url", "FunctionUrl"]}},
        "Arn": {"Value": {"Fn::GetAtt": ["Url", "FunctionArn"]}},
        "Ref": {"Value": {"Ref": "Url"}},
    }
    stack = deploy_here(sandbox, {"Url": url(arn)}, Outputs=outputs)
    address = stack.outputs["Url"]
    assert re.fullmatch(rf"https://[a-z0-9]{{32}}\.lambda-url\.{HOME}\.on\.aws/", address)
    assert (stack.outputs["Arn"], stack.outputs["Ref"]) == (arn, arn)
    client = sandbox.client("lambda")
    found = client.get_function_url_config(FunctionName="tiny")
    assert (found["FunctionUrl"], found["AuthType"], found["InvokeMode"]) == (address, "AWS_IAM", "BUFFERED")
    deploy_here(sandbox, {"Url": url(arn, InvokeMode="BUFFERED")})
    assert client.get_function_url_config(FunctionName=arn)["FunctionUrl"] == address
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_function_url_config(FunctionName="tiny", **AUTHORIZED)
    delete_stack(account=sandbox.central_account, region=HOME, name="stack")
    for call in (client.get_function_url_config, client.delete_function_url_config):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            call(FunctionName="tiny")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.update_function_url_config(FunctionName="tiny", **AUTHORIZED)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        pytest.param({"AuthType": "NONE"}, "not supported by the sandbox", id="no authorization"),
        pytest.param({"AuthType": "IAM"}, "enum value set", id="an unknown authorization"),
        pytest.param({"InvokeMode": "RESPONSE_STREAM"}, "not supported by the sandbox", id="streamed responses"),
        pytest.param({"Cors": {"AllowOrigins": ["*"]}}, "not supported by the sandbox", id="CORS"),
        pytest.param({"Qualifier": "live"}, "not supported by the sandbox", id="an alias"),
        pytest.param({"TargetFunctionArn": "nobody"}, "Function not found", id="a missing function"),
        pytest.param({"Name": "x"}, "extraneous key", id="an unknown property"),
    ],
)
def test_properties_are_refused(sandbox: Sandbox, arn: str, properties: dict[str, Any], reason: str) -> None:
    with pytest.raises(StackFailed, match=reason):
        deploy_here(sandbox, {"Url": url(arn, **properties)})


DOCUMENTED_WITHOUT = {"cn-north-1", "eu-south-2"}
"""Regions that have the type's schema, but no function URLs.
https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html"""


def test_the_type_is_missing_in_the_regions_without_its_schema_or_without_urls(sandbox: Sandbox, arn: str) -> None:
    regions = provider_schemas.regions()
    without = {region for region in regions if "AWS::Lambda::Url" not in provider_schemas.types(region)}
    without |= DOCUMENTED_WITHOUT
    assert set(TYPES["AWS::Lambda::Url"].absent_from) == without
    with pytest.raises(StackFailed, match=r"Unrecognized resource types: \[AWS::Lambda::Url\]"):
        deploy_here(sandbox, {"Url": url(arn)}, region="eu-central-2")


def test_the_api_refuses_the_type_in_a_region_without_it(sandbox: Sandbox, arn: str) -> None:
    region = "eu-central-2"
    sandbox.enable_region(sandbox.central_account, region)
    for place, refused in ((HOME, False), (region, True)):
        client = sandbox.client("cloudformation", region=place)
        body = template({"Url": url(arn)})
        with pytest.raises(ClientError, match="Unrecognized resource types") if refused else nullcontext():
            client.validate_template(TemplateBody=body)
        with pytest.raises(ClientError, match="Unrecognized resource types") if refused else nullcontext():
            client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)


def test_grants_to_callers_of_urls_keep_all_their_conditions(sandbox: Sandbox, arn: str) -> None:
    stack = deploy_here(
        sandbox,
        {
            "Url": grant(arn, "lambda:InvokeFunctionUrl", FunctionUrlAuthType="AWS_IAM", PrincipalOrgID="o-example123"),
            "Function": grant(arn, "lambda:InvokeFunction", InvokedViaFunctionUrl=True, PrincipalOrgID="o-example123"),
            "Source": grant(
                arn, "lambda:InvokeFunction", SourceAccount=sandbox.central_account, PrincipalOrgID="o-example123"
            ),
        },
    )
    policy = _policy(sandbox)
    assert {statement["Principal"] for statement in policy} == {"*"}
    organization = {"aws:PrincipalOrgID": "o-example123"}
    assert {item["Sid"]: item["Condition"] for item in policy} == {
        stack.resources["Url"].physical_id: {"StringEquals": {**organization, "lambda:FunctionUrlAuthType": "AWS_IAM"}},
        stack.resources["Function"].physical_id: {
            "StringEquals": organization,
            "Bool": {"lambda:InvokedViaFunctionUrl": "true"},
        },
        stack.resources["Source"].physical_id: {
            "StringEquals": {**organization, "AWS:SourceAccount": sandbox.central_account}
        },
    }
    assert {tuple(sorted(item)) for item in policy} == {
        ("Action", "Condition", "Effect", "Principal", "Resource", "Sid")
    }


def _policy(sandbox: Sandbox) -> list[dict[str, Any]]:
    text = sandbox.client("lambda").get_policy(FunctionName="tiny")["Policy"]
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


@pytest.mark.parametrize(
    ("action", "properties"),
    [
        pytest.param("lambda:InvokeFunction", {"FunctionUrlAuthType": "AWS_IAM"}, id="an auth type for InvokeFunction"),
        pytest.param(
            "lambda:InvokeFunctionUrl",
            {"InvokedViaFunctionUrl": True},
            id="InvokedViaFunctionUrl for InvokeFunctionUrl",
        ),
    ],
)
def test_a_condition_of_another_action_is_refused(
    sandbox: Sandbox, arn: str, action: str, properties: dict[str, Any]
) -> None:
    with pytest.raises(StackFailed, match="only supported for"):
        deploy_here(sandbox, {"Grant": grant(arn, action, **properties)})


def test_a_role_configures_only_the_auth_type_that_it_may(sandbox: Sandbox, arn: str) -> None:
    trusted = {"AWS": f"arn:aws:iam::{sandbox.central_account}:root"}
    names = {"iam": allow("lambda:*", arn, Condition=_for_auth_type("AWS_IAM")), "none": _none_only(arn)}
    deploy_here(sandbox, {name: role(name, allowed, trusts=trust(trusted)) for name, allowed in names.items()})
    clients = {
        name: sandbox.client_with(
            assume(sandbox, arn_of(name, sandbox.central_account), account=sandbox.central_account), "lambda"
        )
        for name in names
    }
    with pytest.raises(ClientError, match="AccessDenied"):
        clients["none"].create_function_url_config(FunctionName="tiny", **AUTHORIZED)
    made = clients["iam"].create_function_url_config(FunctionName="tiny", **AUTHORIZED)
    assert clients["iam"].get_function_url_config(FunctionName="tiny")["FunctionUrl"] == made["FunctionUrl"]
    for auth_type, refused in (("AWS_IAM", "none"), ("NONE", "iam")):
        with pytest.raises(ClientError, match="AccessDenied"):
            clients[refused].add_permission(
                FunctionName="tiny",
                StatementId="url",
                Action="lambda:InvokeFunctionUrl",
                Principal="*",
                FunctionUrlAuthType=auth_type,
            )


def _none_only(arn: str) -> dict[str, Any]:
    return allow("lambda:*", arn, Condition=_for_auth_type("NONE"))


def _for_auth_type(auth_type: str) -> dict[str, Any]:
    return {"StringEquals": {"lambda:FunctionUrlAuthType": auth_type}}
