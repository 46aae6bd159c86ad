from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, delete_stack
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, LAMBDA_TRUST, MEMBER, allow, arn_of, deploy, policy, resource, trust


@pytest.fixture
def iam(sandbox: Sandbox) -> Any:
    return sandbox.client("iam", account=MEMBER)


def managed(iam: Any, name: str) -> str:
    made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(policy(allow("s3:*"))))
    arn: str = made["Policy"]["Arn"]
    return arn


def inline(name: str, action: str) -> dict[str, Any]:
    return {"PolicyName": name, "PolicyDocument": policy(allow(action))}


def deploy_role(**properties: Any) -> Any:
    role = {"RoleName": "worker", "AssumeRolePolicyDocument": LAMBDA_TRUST, **properties}
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}, "Name": {"Value": {"Ref": "Role"}}}
    return deploy({"Role": resource("AWS::IAM::Role", role)}, Outputs=outputs)


def test_a_role_has_all_properties_of_its_template(iam: Any) -> None:
    boundary, attached = managed(iam, "boundary"), managed(iam, "attached")
    stack = deploy_role(
        Path="/deployer/",
        Description="Works",
        MaxSessionDuration=7200,
        PermissionsBoundary=boundary,
        ManagedPolicyArns=[attached],
        Policies=[inline("read", "ecr:Describe*")],
        Tags=[{"Key": "team", "Value": "a"}],
    )
    role = iam.get_role(RoleName="worker")["Role"]
    assert stack.outputs == {"Arn": f"arn:aws:iam::{MEMBER}:role/deployer/worker", "Name": "worker"}
    assert role["AssumeRolePolicyDocument"] == LAMBDA_TRUST
    assert (role["Description"], role["MaxSessionDuration"]) == ("Works", 7200)
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert role["Tags"] == [{"Key": "team", "Value": "a"}]
    assert [item["PolicyArn"] for item in iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]] == [
        attached
    ]
    assert iam.get_role_policy(RoleName="worker", PolicyName="read")["PolicyDocument"] == policy(allow("ecr:Describe*"))


def test_a_role_is_updated_in_place(iam: Any) -> None:
    first, second, boundary = managed(iam, "first"), managed(iam, "second"), managed(iam, "boundary")
    deploy_role(
        Description="Works",
        ManagedPolicyArns=[first],
        PermissionsBoundary=boundary,
        Policies=[inline("kept", "ecr:Get*"), inline("gone", "s3:*")],
        Tags=[{"Key": "gone", "Value": "1"}, {"Key": "kept", "Value": "1"}],
    )
    role_id = iam.get_role(RoleName="worker")["Role"]["RoleId"]
    trusted = trust({"Service": "events.amazonaws.com"})
    deploy_role(
        AssumeRolePolicyDocument=trusted,
        ManagedPolicyArns=[second],
        MaxSessionDuration=7200,
        Policies=[inline("kept", "ecr:Describe*"), inline("new", "sqs:*")],
        Tags=[{"Key": "kept", "Value": "2"}],
    )
    role = iam.get_role(RoleName="worker")["Role"]
    assert role["RoleId"] == role_id
    assert role["AssumeRolePolicyDocument"] == trusted
    assert "PermissionsBoundary" not in role
    assert (role.get("Description", ""), role["MaxSessionDuration"]) == ("", 7200)
    assert role["Tags"] == [{"Key": "kept", "Value": "2"}]
    attached = iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [second]
    assert sorted(iam.list_role_policies(RoleName="worker")["PolicyNames"]) == ["kept", "new"]
    kept = iam.get_role_policy(RoleName="worker", PolicyName="kept")["PolicyDocument"]
    assert kept == policy(allow("ecr:Describe*"))


def test_deleting_a_role_removes_its_policies_first(iam: Any) -> None:
    deploy_role(ManagedPolicyArns=[managed(iam, "attached")], Policies=[inline("read", "ecr:*")])
    delete_stack(account=MEMBER, region=HOME, name="stack")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="worker")


def test_a_role_with_a_policy_added_by_others_is_not_deleted(iam: Any) -> None:
    deploy_role()
    iam.put_role_policy(RoleName="worker", PolicyName="other", PolicyDocument=json.dumps(policy(allow("s3:*"))))
    with pytest.raises(StackFailed, match="must delete policies first"):
        delete_stack(account=MEMBER, region=HOME, name="stack")


def test_a_missing_managed_policy_fails_the_role(iam: Any) -> None:
    with pytest.raises(StackFailed, match="does not exist or is not attachable"):
        deploy_role(ManagedPolicyArns=[f"arn:aws:iam::{MEMBER}:policy/none"])
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_role(RoleName="worker")


def test_a_role_without_a_name_gets_a_generated_one(iam: Any) -> None:
    stack = deploy({"Role": resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": LAMBDA_TRUST})})
    name = stack.resources["Role"].physical_id
    assert name.startswith("stack-Role-")
    assert iam.get_role(RoleName=name)["Role"]["Arn"] == arn_of(name)
