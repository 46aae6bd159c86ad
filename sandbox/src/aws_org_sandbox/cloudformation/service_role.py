"""The role that StackSets deploys with in member accounts: it may do everything that the organization's SCPs allow.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html calls it
`stacksets-exec-*`.
"""

from __future__ import annotations

import hashlib
import json

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from aws_org_sandbox.credentials import PARTITION, Credentials
from aws_org_sandbox.locks import lock_of

_SESSION_NAME = "stacksets"
_LIFETIME = 10 * 365 * 24 * 3600
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "member.org.stacksets.cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def role_name(account: str) -> str:
    """The name of the role in an account: always the same, and different in each account."""
    return f"stacksets-exec-{hashlib.md5(account.encode(), usedforsecurity=False).hexdigest()}"


def execution_credentials(account: str) -> Credentials:
    """A session of the account's StackSets role, which is created for the first stack."""
    with lock_of("iam"):  # stacks of an account are deployed in parallel
        return _credentials(_session(account))


def _session(account: str) -> AssumedRole:
    iam: IAMBackend = iam_backends[account][PARTITION]
    name = role_name(account)
    arn = f"arn:{PARTITION}:iam::{account}:role/{name}"
    sts = sts_backends[account][PARTITION]
    for session in sts.assumed_roles:
        if session.role_arn == arn:
            return session
    if all(role.name != name for role in iam.roles.values()):
        iam.create_role(
            role_name=name,
            assume_role_policy_document=json.dumps(_TRUST),
            path="/",
            permissions_boundary=None,
            description="Deploys the stacks of service-managed StackSets.",
            tags=[],
            max_session_duration="3600",
        )
        iam.put_role_policy(name, "everything", json.dumps(_EVERYTHING))
    opened: AssumedRole = sts.assume_role(
        region_name="us-east-1",
        role_session_name=_SESSION_NAME,
        role_arn=arn,
        policy="",
        duration=_LIFETIME,
        external_id="",
    )
    return opened


def _credentials(session: AssumedRole) -> Credentials:
    return Credentials(
        access_key_id=session.access_key_id,
        secret_access_key=session.secret_access_key,
        session_token=session.session_token,
    )
