"""What an audit needs of AWS, as Protocols; `deployer.aws.member_registries` provides them, fakes in tests too.

Each call raises DeployerError for what is out of reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from deployer.drift.appearance import Appearance
from handler.records import Record


class VanishedError(Exception):
    """The repository was deleted while it was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A repository as a list of repositories has it: all but policies and tags."""

    name: str
    arn: str
    created_at: datetime
    appearance: Appearance


class Registry(Protocol):
    """One registry, for looking. What names a repository raises VanishedError when it is not there any more."""

    partition: str

    def repositories(self) -> Iterable[Listed]: ...
    def tags(self, arn: str) -> Mapping[str, str]: ...
    def lifecycle_policy(self, name: str) -> str | None: ...
    def repository_policy(self, name: str) -> str | None: ...
    def has_image(self, name: str) -> bool: ...
    def key_behind(self, alias_arn: str) -> str | None: ...


class Registries(Protocol):
    """The registries of all accounts."""

    def open(self, account: str, region: str) -> Registry: ...


class Records(Protocol):
    """The ledger, as far as repositories that were made are concerned."""

    def of_repositories(self, account: str) -> Iterable[Record]:
        """Records of an account that name a repository that was made."""
        ...
