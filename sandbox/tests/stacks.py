"""Stacks for tests: templates of a few resources, deployed as a StackSet or an administrator would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_org_sandbox.cloudformation import deploy_stack, find_stack
from aws_org_sandbox.cloudformation.stacks import Stack
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox

MEMBER = "300000000001"
HOME = "eu-west-1"


def template(resources: Mapping[str, Any], **sections: Any) -> str:
    """A template's body."""
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **sections})


def resource(type_: str, properties: Mapping[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    return {"Type": type_, "Properties": dict(properties or {}), **attributes}


def deploy(
    resources: Mapping[str, Any], *, account: str = MEMBER, region: str = HOME, name: str = "stack", **sections: Any
) -> Stack:
    """Deploy as StackSets do, and return the resulting stack."""
    deploy_stack(account=account, region=region, name=name, template_body=template(resources, **sections))
    return stack_of(account=account, region=region, name=name)


def stack_of(*, account: str = MEMBER, region: str = HOME, name: str = "stack") -> Stack:
    stack = find_stack(account=account, region=region, name=name)
    assert stack is not None
    return stack


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str | list[str], resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, **more: Any) -> dict[str, Any]:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


LAMBDA_TRUST = trust({"Service": "lambda.amazonaws.com"})


def role(name: str, *statements: Mapping[str, Any], trusts: Any = None, **properties: Any) -> dict[str, Any]:
    """A role whose own account may assume it, unless it trusts another."""
    policies = [{"PolicyName": "inline", "PolicyDocument": policy(*statements)}] if statements else []
    trusted = trusts or trust({"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}})
    return resource(
        "AWS::IAM::Role",
        {"RoleName": name, "AssumeRolePolicyDocument": trusted, "Policies": policies, **properties},
    )


def assume(sandbox: Sandbox, role_arn: str, *, by: Credentials | None = None, account: str = MEMBER) -> Credentials:
    """A session of a role, opened by the account's administrator or with other credentials."""
    sts = sandbox.client_with(by or sandbox.credentials(account), "sts")
    opened = sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    return Credentials(
        access_key_id=opened["AccessKeyId"],
        secret_access_key=opened["SecretAccessKey"],
        session_token=opened["SessionToken"],
    )


def arn_of(name: str, account: str = MEMBER) -> str:
    return f"arn:aws:iam::{account}:role/{name}"
