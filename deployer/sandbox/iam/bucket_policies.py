"""Bucket policies: checked as they are put, and kept from moto, which ignores conditions when it judges by them.

`authorization` has judged the bucket's policy, with its conditions, before moto sees a call.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, S3Backend

from deployer.sandbox.calls import Refused
from deployer.sandbox.credentials import PARTITION
from deployer.sandbox.iam.documents import flaw
from deployer.sandbox.iam.matching import like
from deployer.sandbox.seams import original, replace


@replace(FakeBucket, "get_permission")
def _no_opinion(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    del bucket, action, resource
    return PermissionResult.NEUTRAL


@replace(S3Backend, "put_bucket_policy")
def _put_bucket_policy(backend: S3Backend, bucket_name: str, policy: bytes) -> None:
    """Refuse a policy of other resources or for principals that nobody is; moto keeps any text."""
    arn = f"arn:{PARTITION}:s3:::{bucket_name}"
    found = flaw(policy.decode(), about=lambda name: like(arn, name) or name.startswith(f"{arn}/"), service="s3")
    if found is not None:
        raise Refused("MalformedPolicy", found)
    original(S3Backend, "put_bucket_policy")(backend, bucket_name, policy)
