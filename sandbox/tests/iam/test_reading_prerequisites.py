"""Roles that may read policies, trails and quotas, and those that may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox

CENTRAL = "200000000001"
TRAIL = "arn:aws:cloudtrail:eu-west-1:100000000000:trail/organization-trail"
READS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "organizations": ("list_policies", "ListPolicies", {"Filter": "SERVICE_CONTROL_POLICY"}, {}),
    "cloudtrail": ("get_trail_status", "GetTrailStatus", {"Name": TRAIL}, {"resource": TRAIL}),
    "iam": ("get_account_summary", "GetAccountSummary", {}, {}),
    "service-quotas": (
        "get_service_quota", "GetServiceQuota", {"ServiceCode": "cloudformation", "QuotaCode": "L-EC62D81A"},
        {"prefix": "servicequotas",
         "resource": f"arn:aws:servicequotas:eu-west-1:{CENTRAL}:cloudformation/L-EC62D81A"},
    ),
}  # fmt: skip


@pytest.fixture
def reader(sandbox: Sandbox) -> Callable[[str, str], Credentials]:
    """Credentials of a role that may do one action on one resource."""
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{CENTRAL}:root"}, "Action": "sts:AssumeRole"}

    def made(action: str, resource: str) -> Credentials:
        iam.create_role(
            RoleName="reads", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
        allowed = {"Effect": "Allow", "Action": action, "Resource": resource}
        iam.put_role_policy(
            RoleName="reads",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
        role = f"arn:aws:iam::{CENTRAL}:role/reads"
        given = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="someone")["Credentials"]
        return Credentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
        )

    return made


@pytest.mark.parametrize("service", READS)
def test_a_role_may_read_resources_that_its_policy_allows(
    sandbox: Sandbox, reader: Callable[[str, str], Credentials], service: str
) -> None:
    call, operation, parameters, need = READS[service]
    credentials = reader(f"{need.get('prefix', service)}:{operation}", need.get("resource", "*"))
    assert getattr(sandbox.client_with(credentials, service), call)(**parameters)


@pytest.mark.parametrize("service", READS)
def test_a_role_may_not_read_resources_that_its_policy_does_not_allow(
    sandbox: Sandbox, reader: Callable[[str, str], Credentials], service: str
) -> None:
    call, _, parameters, _ = READS[service]
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(sandbox.client_with(reader("s3:ListBucket", "*"), service), call)(**parameters)
