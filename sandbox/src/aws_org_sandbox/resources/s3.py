"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    ResourceError,
    exists,
    text,
    unless_gone,
)
from aws_org_sandbox.resources.s3_lifecycle import LIFECYCLE, lifecycle_rules
from aws_org_sandbox.resources.shapes import BOOLEAN, DOCUMENT, STRING, TAGS

_ENCRYPTION = {
    "ServerSideEncryptionConfiguration!": [
        {
            "BucketKeyEnabled": BOOLEAN,
            "ServerSideEncryptionByDefault": {"KMSMasterKeyID": STRING, "SSEAlgorithm!": STRING},
        }
    ]
}
_PUBLIC_ACCESS = {
    "BlockPublicAcls": BOOLEAN,
    "BlockPublicPolicy": BOOLEAN,
    "IgnorePublicAcls": BOOLEAN,
    "RestrictPublicBuckets": BOOLEAN,
}


_NOT_SET = (
    "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet",
    "OwnershipControlsNotFoundError", "ServerSideEncryptionConfigurationNotFoundError",
)  # fmt: skip


class Bucket(Resource):
    """A bucket; `Ref` is its name. S3 deletes only empty ones, and a versioned one keeps its deleted objects."""

    type_name = "AWS::S3::Bucket"
    shape = {
        "BucketEncryption": _ENCRYPTION,
        "BucketName": STRING,
        "LifecycleConfiguration": LIFECYCLE,
        "OwnershipControls": {"Rules!": [{"ObjectOwnership": STRING}]},
        "PublicAccessBlockConfiguration": _PUBLIC_ACCESS,
        "Tags": TAGS,
        "VersioningConfiguration": {"Status!": STRING},
    }
    replaced_by = ("BucketName",)
    name_property = "BucketName"
    tagged = True
    attribute_names = ("Arn", "DomainName", "RegionalDomainName")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        s3 = context.client("s3")
        name = str(properties.get("BucketName") or context.generated_name(63).lower())
        location: dict[str, Any] = {}
        if context.region != "us-east-1":
            location = {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
        elif exists(lambda: s3.head_bucket(Bucket=name), "403", "404", "NoSuchBucket"):
            # Only in us-east-1, S3 returns 200 if the owner creates a bucket again.
            raise ResourceError(f"{name} already exists", code="AlreadyExists")
        s3.create_bucket(Bucket=name, **location)
        return name

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        _configure(context.client("s3"), physical_id, {}, properties)

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        _configure(context.client("s3"), physical_id, old, new)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("s3").delete_bucket(Bucket=physical_id), "NoSuchBucket")

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return exists(lambda: context.client("s3").head_bucket(Bucket=physical_id), "404", "NoSuchBucket")

    def read(self, context: ResourceContext, physical_id: str) -> None:
        """Its settings, one by one: those that the sandbox supports, of the twenty that AWS's read handler reads."""
        s3 = context.client("s3")
        s3.get_bucket_versioning(Bucket=physical_id)
        optional = (
            s3.get_bucket_encryption,
            s3.get_bucket_lifecycle_configuration,
            s3.get_bucket_ownership_controls,
            s3.get_bucket_tagging,
            s3.get_public_access_block,
        )
        for get in optional:
            exists(partial(get, Bucket=physical_id), *_NOT_SET)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {
            "Arn": f"arn:{context.partition}:s3:::{physical_id}",
            "DomainName": f"{physical_id}.s3.amazonaws.com",
            "RegionalDomainName": f"{physical_id}.s3.{context.region}.amazonaws.com",
        }


def _configure(s3: Any, name: str, old: Properties, new: Properties) -> None:
    """Set each part that differs; an omitted part returns to S3's default."""
    for part, put, reset in _PARTS:
        before, after = old.get(part), new.get(part)
        if before == after:
            continue
        if after is None:
            reset(s3, name)
        else:
            put(s3, name, after)


def _put_encryption(s3: Any, name: str, value: Any) -> None:
    rules = [
        {
            key.replace("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"): item
            for key, item in rule.items()
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_versioning(s3: Any, name: str, value: Any) -> None:
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=value)


def _put_lifecycle(s3: Any, name: str, value: Any) -> None:
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": lifecycle_rules(value)})


def _put_public_access(s3: Any, name: str, value: Any) -> None:
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=value)


def _put_ownership(s3: Any, name: str, value: Any) -> None:
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=value)


def _put_tags(s3: Any, name: str, value: Any) -> None:
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": value})


_PARTS = (
    ("BucketEncryption", _put_encryption, lambda s3, name: s3.delete_bucket_encryption(Bucket=name)),
    ("VersioningConfiguration", _put_versioning, lambda s3, name: _put_versioning(s3, name, {"Status": "Suspended"})),
    ("LifecycleConfiguration", _put_lifecycle, lambda s3, name: s3.delete_bucket_lifecycle(Bucket=name)),
    ("PublicAccessBlockConfiguration", _put_public_access, lambda s3, name: s3.delete_public_access_block(Bucket=name)),
    ("OwnershipControls", _put_ownership, lambda s3, name: s3.delete_bucket_ownership_controls(Bucket=name)),
    ("Tags", _put_tags, lambda s3, name: s3.delete_bucket_tagging(Bucket=name)),
)


class BucketPolicy(Resource):
    """The policy of a bucket; `Ref` is the bucket's name."""

    type_name = "AWS::S3::BucketPolicy"
    shape = {"Bucket!": STRING, "PolicyDocument!": DOCUMENT}
    replaced_by = ("Bucket",)
    name_property = "Bucket"

    def create(self, context: ResourceContext, properties: Properties) -> str:
        s3, bucket = context.client("s3"), str(properties["Bucket"])
        if _has_policy(s3, bucket):
            raise ResourceError(f"The bucket policy already exists on bucket {bucket}.", code="AlreadyExists")
        s3.put_bucket_policy(Bucket=bucket, Policy=text(properties["PolicyDocument"]))
        return bucket

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        context.client("s3").put_bucket_policy(Bucket=physical_id, Policy=text(new["PolicyDocument"]))

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("s3").delete_bucket_policy(Bucket=physical_id), "NoSuchBucket")


def _has_policy(s3: Any, bucket: str) -> bool:
    try:
        s3.get_bucket_policy(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return False
    return True
