"""Registries of member accounts, through the auditor role, read-only. Implements the ports of drift and usage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from botocore import exceptions as botocore

from deployer.aws.errors import code_of, lacks_permission, translated
from deployer.aws.members import Members
from deployer.drift.ports import ListedRepository, RepositoryGoneError
from deployer.drift.repository_state import actual_state_of
from deployer.errors import DeployerError
from deployer.usage.images import ImageData
from deployer.usage.ports import OutdatedRoleError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef

Answer = TypeVar("Answer")

_PAGE = 1000
_MISSING = "RepositoryNotFoundException"
_LISTS = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
"""Types of manifests that refer to images for several platforms."""


class MemberRegistries:
    """The registries of all accounts."""

    def __init__(self, members: Members, *, partition: str) -> None:
        self._members = members
        self._partition = partition

    def open(self, account: str, region: str) -> MemberRegistry:
        """One registry; raises PermissionDeniedError if the account has no auditor role that we can assume."""
        return MemberRegistry(
            self._members.ecr(account, region),
            location=f"account {account}, {region}",
            partition=self._partition,
            resolve_alias=cache(lambda alias: _key_behind(self._members, account, region, alias)),
        )


class MemberRegistry:
    """One registry, read-only."""

    def __init__(
        self, client: ECRClient, *, location: str, partition: str, resolve_alias: Callable[[str], str | None]
    ) -> None:
        self._client = client
        self._location = location
        self.partition = partition
        self.resolve_alias = resolve_alias
        """The ARN of the key that an alias's ARN refers to; None if KMS does not return it."""

    def repositories(self) -> Iterator[ListedRepository]:
        """Every repository, a thousand a call."""
        pages = self._client.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": _PAGE})
        with translated(self._location):
            for page in pages:
                for one in page["repositories"]:
                    yield ListedRepository(
                        name=one["repositoryName"],
                        arn=one["repositoryArn"],
                        created_at=one["createdAt"].astimezone(UTC),
                        state=actual_state_of(one),
                    )

    def tags(self, arn: str) -> Mapping[str, str]:
        """All tags of a repository."""
        with self._asking():
            tags = self._client.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def lifecycle_policy(self, name: str) -> str | None:
        """Text of the lifecycle policy."""
        return self._unless(
            "LifecyclePolicyNotFoundException",
            lambda: self._client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"],
        )

    def repository_policy(self, name: str) -> str | None:
        """Text of the repository's own policy."""
        return self._unless(
            "RepositoryPolicyNotFoundException",
            lambda: self._client.get_repository_policy(repositoryName=name)["policyText"],
        )

    def has_image(self, name: str) -> bool:
        """Whether any image exists, tagged or untagged, archived or not; ECR lists archived ones only on request."""
        with self._asking():
            found = self._client.list_images(repositoryName=name, maxResults=1, filter={"imageStatus": "ANY"})
        return bool(found["imageIds"])

    def images(self, name: str) -> Iterator[ImageData]:
        """Every image, archived or not, a thousand a call; raises OutdatedRoleError if the role lacks the call."""
        paginator = self._client.get_paginator("describe_images")
        pages = paginator.paginate(
            repositoryName=name, filter={"imageStatus": "ANY"}, PaginationConfig={"PageSize": _PAGE}
        )
        with self._asking():
            try:
                for page in pages:
                    yield from map(_image, page["imageDetails"])
            except botocore.ClientError as error:
                if not lacks_permission(error):
                    raise
                raise OutdatedRoleError from error

    def _unless(self, code: str, ask: Callable[[], Answer]) -> Answer | None:
        with self._asking():
            try:
                return ask()
            except botocore.ClientError as error:
                if code_of(error) != code:
                    raise
        return None

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with translated(self._location):
            try:
                yield
            except botocore.ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                raise RepositoryGoneError from error


def _image(detail: ImageDetailTypeDef) -> ImageData:
    """ECR gives a manifest list the size of its largest image, which is in the repository and counts by itself."""
    is_list = detail.get("imageManifestMediaType") in _LISTS
    return ImageData(
        size=0 if is_list else detail.get("imageSizeInBytes", 0),
        pushed_at=_in_utc(detail.get("imagePushedAt")),
        pulled_at=_in_utc(detail.get("lastRecordedPullTime")),
        activated_at=_in_utc(detail.get("lastActivatedAt")),
        is_archived=detail.get("imageStatus", "ACTIVE") != "ACTIVE",
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    """botocore returns times in the time zone of the machine."""
    return moment.astimezone(UTC) if moment else None


def _key_behind(members: Members, account: str, region: str, alias: str) -> str | None:
    """KMS's answer; a key whose policy denies the auditor cannot be identified."""
    try:
        return members.key_arn(account, region, alias)
    except DeployerError:
        return None
