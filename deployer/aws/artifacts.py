"""The artifacts bucket: the handler's zip by its digest, and templates that are too large to send."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Self, TypedDict

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.aws.session import Session
from deployer.errors import NotFoundError
from deployer.rollout.locking import RecordChangedError, Versioned
from templates.names import Names

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_MISSING = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
_CHANGED = {"412", "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""Error codes of a conditional write; NoSuchKey means that the object to replace no longer exists."""
_PER_DELETE = 1000
"""Quota of DeleteObjects."""


class _Bucket(TypedDict):
    """Parameters of every call."""

    Bucket: str
    ExpectedBucketOwner: str


class _Condition(TypedDict, total=False):
    """Parameters of a write."""

    IfMatch: str
    IfNoneMatch: str


class ArtifactsBucket:
    """One bucket. Names of objects contain their digest, so an existing object is never written again."""

    def __init__(self, client: S3Client, *, bucket: str, account: str, domain: str = "amazonaws.com") -> None:
        self._client = client
        self._domain = domain
        self._bucket: _Bucket = {"Bucket": bucket, "ExpectedBucketOwner": account}
        """The owner is passed with every call: bucket names are global, and another account may own ours."""

    @classmethod
    def connect(cls, session: Session, *, names: Names) -> Self:
        """The bucket of an installation, as the principal of a session."""
        return cls(
            session.client("s3", region=names.central_region),
            bucket=names.artifacts_bucket,
            account=names.central_account,
            domain=names.dns_suffix,
        )

    def has(self, key: str) -> bool:
        """Whether an object exists; False if the bucket does not."""
        with translated():
            try:
                self._client.head_object(Key=key, **self._bucket)
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return False
                raise
        return True

    def fetch(self, key: str) -> bytes | None:
        """An object's bytes, None if it does not exist."""
        with translated():
            try:
                return self._client.get_object(Key=key, **self._bucket)["Body"].read()
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise

    def upload(self, key: str, data: bytes) -> None:
        """Write an object; botocore adds a checksum that S3 verifies."""
        with translated():
            self._client.put_object(Key=key, Body=data, **self._bucket)

    def read(self, key: str) -> Versioned | None:
        """An object's bytes and ETag; None if the object or the bucket does not exist."""
        with translated():
            try:
                found = self._client.get_object(Key=key, **self._bucket)
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise
            return Versioned(found["Body"].read(), found["ETag"])

    def replace(self, key: str, data: bytes, *, replaces: str | None) -> str:
        """Write an object unless it differs from `replaces` by now; returns its ETag.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        condition: _Condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}
        with translated():
            try:
                return self._client.put_object(Key=key, Body=data, **condition, **self._bucket)["ETag"]
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    raise NotFoundError(f"There is no bucket {self._bucket['Bucket']}") from error
                if code_of(error) in _CHANGED:
                    raise RecordChangedError(f"{key} was written by another process") from error
                raise

    def store_template(self, body: str) -> str:
        """Store a template and return the URL that CloudFormation reads it from."""
        data = body.encode()
        key = f"templates/{hashlib.sha256(data).hexdigest()}.json"
        if not self.has(key):
            self.upload(key, data)
        return f"https://{self._bucket['Bucket']}.s3.{self._client.meta.region_name}.{self._domain}/{key}"

    def remove(self) -> None:
        """Delete every version of every object, then the bucket; does nothing if it does not exist."""
        with translated():
            try:
                self._empty()
                self._client.delete_bucket(**self._bucket)
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise

    def exists(self) -> bool:
        """Whether the bucket exists and is ours."""
        with translated():
            try:
                self._client.head_bucket(**self._bucket)
            except ClientError as error:
                if code_of(error) in _MISSING:
                    return False
                raise
        return True

    def _empty(self) -> None:
        pages = self._client.get_paginator("list_object_versions").paginate(
            **self._bucket, PaginationConfig={"PageSize": _PER_DELETE}
        )
        for page in pages:
            objects: list[ObjectIdentifierTypeDef] = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for one in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            ]
            if objects:
                self._client.delete_objects(Delete={"Objects": objects, "Quiet": True}, **self._bucket)


class LockFile:
    """The record of who rolls out, in the bucket. Implements `deployer.rollout.locking.Store`."""

    KEY = "rollout.json"

    def __init__(self, bucket: ArtifactsBucket) -> None:
        self._bucket = bucket

    def read(self) -> Versioned | None:
        return self._bucket.read(self.KEY)

    def write(self, data: bytes, *, replaces: str | None) -> str:
        return self._bucket.replace(self.KEY, data, replaces=replaces)
