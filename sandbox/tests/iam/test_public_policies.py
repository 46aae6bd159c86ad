"""Which bucket policies are public, and that a bucket that blocks public policies refuses them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import FakeBucket

from aws_org_sandbox.iam.policies import parse_policy
from aws_org_sandbox.iam.public_policies import is_public
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.stacks import MEMBER, allow, policy

BUCKET = "its-own"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"
ROLE = {"AWS": f"arn:aws:iam::{MEMBER}:role/x"}
POINT = f"arn:aws:s3:eu-west-1:{MEMBER}:accesspoint/*"


def to_everybody_with(**condition: Any) -> dict[str, Any]:
    return allow("s3:GetObject", OBJECTS, Principal="*", Condition=condition)


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        pytest.param(allow("s3:GetObject", OBJECTS, Principal="*"), True, id="everybody"),
        pytest.param(allow("s3:GetObject", OBJECTS, Principal={"AWS": "*"}), True, id="everybody as AWS principal"),
        pytest.param(allow("s3:GetObject", OBJECTS, Principal={"AWS": [*ROLE.values(), "*"]}), True, id="all and one"),
        pytest.param(allow("s3:GetObject", OBJECTS, NotPrincipal=ROLE), True, id="everybody but one"),
        pytest.param(allow("s3:GetObject", OBJECTS, Principal=ROLE), False, id="a role"),
        pytest.param(allow("s3:GetObject", OBJECTS, Principal={"Service": "logs.amazonaws.com"}), False, id="logs"),
        pytest.param({**allow("s3:*", OBJECTS, Principal="*"), "Effect": "Deny"}, False, id="a deny"),
        pytest.param(to_everybody_with(StringEquals={"aws:PrincipalOrgID": "o-1"}), False, id="an organization"),
        pytest.param(to_everybody_with(StringLike={"AWS:PrincipalOrgId": "o-*"}), True, id="any organization"),
        pytest.param(to_everybody_with(StringNotEquals={"aws:PrincipalOrgID": "o-1"}), True, id="all others"),
        pytest.param(to_everybody_with(StringEqualsIfExists={"aws:SourceVpc": "vpc-1"}), True, id="a VPC, if any"),
        pytest.param(to_everybody_with(StringEquals={"aws:SourceVpc": ["vpc-1", "vpc-*"]}), True, id="a VPC pattern"),
        pytest.param(to_everybody_with(StringEquals={"aws:Referer": "x"}), True, id="no restricting key"),
        pytest.param(to_everybody_with(StringEquals={"aws:SourceAccount": "${aws:x}"}), True, id="a policy variable"),
        pytest.param(to_everybody_with(IpAddress={"aws:SourceIp": "203.0.113.0/24"}), False, id="a few addresses"),
        pytest.param(to_everybody_with(IpAddress={"aws:SourceIp": "128.0.0.0/1"}), True, id="half of all addresses"),
        pytest.param(to_everybody_with(IpAddress={"aws:SourceIp": "::/0"}), True, id="all addresses"),
        pytest.param(to_everybody_with(StringLike={"aws:userid": "AROAEXAMPLE:*"}), True, id="all sessions of a role"),
        pytest.param(to_everybody_with(ArnLike={"s3:DataAccessPointArn": POINT}), False, id="an access point"),
    ],
)  # fmt: skip
def test_whether_a_bucket_policy_is_public(statement: dict[str, Any], public: bool) -> None:
    assert is_public(parse_policy(policy(statement))) is public


def test_a_new_bucket_accepts_no_public_policy_until_configured(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", account=MEMBER)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    document = json.dumps(policy(allow("s3:GetObject", OBJECTS, Principal="*")))
    with pytest.raises(ClientError, match="prevented by the BlockPublicPolicy setting") as refused:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=document)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=BUCKET)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=document)
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == json.loads(document)


def test_canary_moto_leaves_a_new_bucket_open(sandbox: Sandbox) -> None:
    bucket: Any = FakeBucket.__new__(FakeBucket)
    original(FakeBucket, "__init__")(bucket, BUCKET, MEMBER, "eu-west-1")
    assert bucket.public_access_block is None
