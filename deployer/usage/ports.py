"""What an audit of usage needs of AWS, as Protocols; `deployer.aws.member_registries` implements them.

Each call raises DeployerError if a registry cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from deployer.drift.ports import ListedRepository
from deployer.usage.images import ImageData


class OutdatedRoleError(Exception):
    """The auditor role has no ecr:DescribeImages: an earlier version of deployer created it."""


class ImageRegistry(Protocol):
    """One registry, read-only. Calls that name a repository raise RepositoryGoneError if it no longer exists."""

    def repositories(self) -> Iterable[ListedRepository]: ...
    def tags(self, arn: str) -> Mapping[str, str]: ...

    def images(self, name: str) -> Iterable[ImageData]:
        """Every image, archived or not; raises OutdatedRoleError."""
        ...


class ImageRegistries(Protocol):
    """The registries of all accounts."""

    def open(self, account: str, region: str) -> ImageRegistry: ...
