"""Registries of member accounts, through the auditor role, read-only. Implements `deployer.drift.ports`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from botocore import exceptions as botocore

from deployer.aws.errors import code_of, translated
from deployer.aws.members import Members
from deployer.drift.ports import ListedRepository, RepositoryGoneError
from deployer.drift.repository_state import actual_state_of
from deployer.errors import DeployerError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

Answer = TypeVar("Answer")

_PAGE = 1000
_MISSING = "RepositoryNotFoundException"


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
                        created_at=one["createdAt"],
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
        """Whether any image exists, tagged or untagged."""
        with self._asking():
            return bool(self._client.list_images(repositoryName=name, maxResults=1)["imageIds"])

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


def _key_behind(members: Members, account: str, region: str, alias: str) -> str | None:
    """KMS's answer; a key whose policy denies the auditor cannot be identified."""
    try:
        return members.key_arn(account, region, alias)
    except DeployerError:
        return None
