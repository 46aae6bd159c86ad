"""The needs of S3's calls: actions whose names often differ from the operation's, and a bucket's account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moto.s3.models import s3_backends

from aws_org_sandbox.calls import Call
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.actions import ANY, Need, Needs, each


def _bucket(action: str, *, with_key: bool = False) -> Needs:
    def needs(call: Call) -> Iterable[Need]:
        bucket = str(call.parameters.get("Bucket", ANY))
        path = f"{bucket}/{call.parameters.get('Key', ANY)}" if with_key else bucket
        yield Need(action=f"s3:{action}", resource=f"arn:{PARTITION}:s3:::{path}", account=_bucket_owner(bucket))

    return needs


def _create_bucket(call: Call) -> Iterable[Need]:
    return [Need(action="s3:CreateBucket", resource=f"arn:{PARTITION}:s3:::{call.parameters['Bucket']}", creates=True)]


def _list_buckets(call: Call) -> Iterable[Need]:  # noqa: ARG001 - all of the caller's account
    return [Need(action="s3:ListAllMyBuckets", resource=ANY)]


def _delete_objects(call: Call) -> Iterable[Need]:
    """An action for each object, and another one for versions."""
    bucket = str(call.parameters["Bucket"])
    for found in call.parameters["Delete"]["Objects"]:
        action = "DeleteObjectVersion" if found.get("VersionId") else "DeleteObject"
        arn = f"arn:{PARTITION}:s3:::{bucket}/{found['Key']}"
        yield Need(action=f"s3:{action}", resource=arn, account=_bucket_owner(bucket))


def _bucket_owner(bucket: str) -> str | None:
    """Bucket names are global: a bucket's ARN does not contain its account."""
    for account, backends in list(s3_backends.items()):
        if bucket in backends[PARTITION].buckets:
            return account
    return None


_BUCKET_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "DeleteBucket": ("DeleteBucket",),
    "DeleteBucketPolicy": ("DeleteBucketPolicy",),
    "GetBucketLocation": ("GetBucketLocation",),
    "GetBucketOwnershipControls": ("GetBucketOwnershipControls",),
    "GetBucketPolicy": ("GetBucketPolicy",),
    "GetBucketPublicAccessBlock": ("GetPublicAccessBlock",),
    "GetBucketTagging": ("GetBucketTagging",),
    "GetBucketVersioning": ("GetBucketVersioning",),
    "GetEncryptionConfiguration": ("GetBucketEncryption",),
    "GetLifecycleConfiguration": ("GetBucketLifecycleConfiguration",),
    "ListBucket": ("HeadBucket", "ListObjects", "ListObjectsV2"),
    "ListBucketVersions": ("ListObjectVersions",),
    "PutBucketOwnershipControls": ("PutBucketOwnershipControls", "DeleteBucketOwnershipControls"),
    "PutBucketPolicy": ("PutBucketPolicy",),
    "PutBucketPublicAccessBlock": ("PutPublicAccessBlock", "DeletePublicAccessBlock"),
    "PutBucketTagging": ("PutBucketTagging", "DeleteBucketTagging"),
    "PutBucketVersioning": ("PutBucketVersioning",),
    "PutEncryptionConfiguration": ("PutBucketEncryption", "DeleteBucketEncryption"),
    "PutLifecycleConfiguration": ("PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"),
}
_OBJECT_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "DeleteObject": ("DeleteObject",),
    "GetObject": ("GetObject", "HeadObject"),
    "PutObject": ("CompleteMultipartUpload", "CreateMultipartUpload", "PutObject", "UploadPart"),
}

NEEDS: Mapping[tuple[str, str], Needs] = {
    ("s3", "CreateBucket"): _create_bucket,
    ("s3", "DeleteObjects"): _delete_objects,
    ("s3", "ListBuckets"): _list_buckets,
    **{
        key: needs
        for action, calls in _BUCKET_ACTIONS.items()
        for key, needs in each(_bucket(action), "s3", *calls).items()
    },
    **{
        key: needs
        for action, calls in _OBJECT_ACTIONS.items()
        for key, needs in each(_bucket(action, with_key=True), "s3", *calls).items()
    },
}
