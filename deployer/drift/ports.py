"""What an audit needs of AWS, as Protocols; `deployer.aws.member_registries` implements them, as do fakes in tests.

Each call raises DeployerError if a registry cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deployer.drift.repository_state import RepositoryState
from handler.records import Record


class RepositoryGoneError(Exception):
    """The repository was deleted while it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRepository:
    """A repository as DescribeRepositories returns it: all but policies and tags."""

    name: str
    arn: str
    created_at: datetime
    state: RepositoryState


class Registry(Protocol):
    """One registry, read-only. Calls that name a repository raise VanishedError if it no longer exists."""

    partition: str

    def repositories(self) -> Iterable[ListedRepository]: ...
    def tags(self, arn: str) -> Mapping[str, str]: ...
    def lifecycle_policy(self, name: str) -> str | None: ...
    def repository_policy(self, name: str) -> str | None: ...
    def has_image(self, name: str) -> bool: ...
    def resolve_alias(self, alias_arn: str) -> str | None: ...


class Registries(Protocol):
    """The registries of all accounts."""

    def open(self, account: str, region: str) -> Registry: ...


class Records(Protocol):
    """The ledger's records of created repositories."""

    def of_repositories(self, account: str) -> Iterable[Record]:
        """Records of an account that name a created repository."""
        ...
