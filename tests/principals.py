"""Sessions of roles with their own policy, for which the sandbox enforces IAM."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from aws_org_sandbox import sandbox as running
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox


def role(sandbox: Sandbox, account: str, policy: Mapping[str, Any], *, name: str = "") -> Credentials:
    """Credentials of a session of a new role with only the permissions of one policy."""
    iam = sandbox.client("iam", account=account)
    name = name or f"ci-{uuid.uuid4().hex[:8]}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
        ],
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
    assumed = sandbox.client("sts", account=account).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{name}", RoleSessionName="build-7"
    )["Credentials"]
    return Credentials(
        access_key_id=assumed["AccessKeyId"],
        secret_access_key=assumed["SecretAccessKey"],
        session_token=assumed["SessionToken"],
    )


def environment(sandbox: Sandbox, credentials: Credentials) -> dict[str, str]:
    """Environment variables that make AWS tools use the sandbox with these credentials."""
    variables = running.environment(
        sandbox.endpoint_url, credentials, region=sandbox.home_region, ca_bundle=sandbox.ca_bundle
    )
    return {**variables, "AWS_SESSION_TOKEN": credentials.session_token or ""}
