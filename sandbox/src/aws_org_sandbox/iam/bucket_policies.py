"""Bucket policies: checked when they are put, and hidden from moto, which ignores conditions when it evaluates them.

`authorization` evaluates the bucket's policy, with conditions, before moto handles a call. New buckets block public
access, as all have done since April 2023.
"""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend

from aws_org_sandbox.calls import CURRENT, Refused
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.documents import policy_error
from aws_org_sandbox.iam.matching import like
from aws_org_sandbox.iam.policies import parse_policy
from aws_org_sandbox.iam.public_policies import is_public
from aws_org_sandbox.seams import original, replace


@replace(FakeBucket, "get_permission")
def _allow_neither(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    del bucket, action, resource
    return PermissionResult.NEUTRAL


@replace(S3Backend, "put_bucket_policy")
def _put_bucket_policy(backend: S3Backend, bucket_name: str, policy: bytes) -> None:
    """Refuse a policy for other resources, unknown principals or the public; moto accepts any text."""
    arn = f"arn:{PARTITION}:s3:::{bucket_name}"
    found = policy_error(
        policy.decode(), about=lambda name: like(arn, name) or name.startswith(f"{arn}/"), service="s3"
    )
    if found is not None:
        raise Refused("MalformedPolicy", found)
    blocked = backend.get_bucket(bucket_name).public_access_block
    if blocked is not None and blocked.block_public_policy and is_public(parse_policy(policy.decode())):
        raise _public(arn)
    original(S3Backend, "put_bucket_policy")(backend, bucket_name, policy)


def _public(arn: str) -> Refused:
    call = CURRENT.get()
    caller = f"User: {call.principal.arn}" if call else "User"
    return Refused(
        "AccessDenied",
        f'{caller} is not authorized to perform: s3:PutBucketPolicy on resource: "{arn}" because public policies are '
        "prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
        status=403,
    )


@replace(FakeBucket, "__init__")
def _init(bucket: FakeBucket, *arguments: Any, **options: Any) -> None:
    original(FakeBucket, "__init__")(bucket, *arguments, **options)
    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
