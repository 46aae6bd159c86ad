"""What an audit needs of AWS, as Protocols; `deployer.aws.member_registries` implements them, as do fakes in tests.

Each call raises DeployerError if a registry cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from deployer.audit.query import BEGINNING, Query
from deployer.audit.reading import Ledger, read
from deployer.drift.repository_state import RepositoryState
from handler import reasons
from handler.records import Record

CREATION_ROUNDING = timedelta(seconds=2)
"""The most by which two readings of one `createdAt` differ: ECR returns fractions of a second, and the ledger cuts them
to milliseconds, or to seconds."""


def is_same_creation_time(one: datetime, other: datetime) -> bool:
    """Whether both are readings of the same `createdAt`; that of a repository created again is later."""
    return abs(one - other) <= CREATION_ROUNDING


class RepositoryGoneError(Exception):
    """The repository was deleted while it was read."""


class StoppedError(Exception):
    """The audit ended, by Ctrl-C or an error elsewhere, before this account was read completely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRepository:
    """A repository as DescribeRepositories returns it: all but policies and tags."""

    name: str
    arn: str
    created_at: datetime
    state: RepositoryState


class Registry(Protocol):
    """One registry, read-only. Calls that name a repository raise RepositoryGoneError if it no longer exists."""

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
    """The ledger's records of repositories that were created or adopted by this installation, released or deleted."""

    def of_repositories(self, account: str) -> Iterable[Record]:
        """Records of an account that name a created or adopted repository, of releases, and of observed deletions."""
        ...


class CreatedRecords:
    """Implements `Records` with the ledger, one account at a time and by its key; without the repository of probes."""

    def __init__(self, ledger: Ledger, *, now: datetime, probe_repository: str = "") -> None:
        self._ledger = ledger
        self._probe_repository = probe_repository
        self._until = now + timedelta(days=1)

    def of_repositories(self, account: str) -> Iterator[Record]:
        """Records of what was created or adopted, `failed` ones that left an incomplete repository, releases, and
        observed deletions, the oldest first.

        Not those of a forged event: its repository has no matching record.
        """
        query = Query(
            since=BEGINNING,
            until=self._until,
            outcomes=("created", "failed", "violation", "observed", "adopted", "released"),
            accounts=(account,),
            oldest_first=True,
        )
        return (
            record
            for record in read(query, self._ledger)
            if _names_repository(record)
            and record.reason != reasons.RECORD_CONFLICT
            and record.repository != self._probe_repository
        )


def _names_repository(record: Record) -> bool:
    """Whether it is of a repository that this installation created or adopted, of a release, or of a deletion."""
    if record.outcome == "released":
        return True
    if record.outcome == "observed":
        return record.action == "deleted"
    return bool(record.repository_arn)
