"""Repositories, records and registries for tests of drift, created directly and in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deployer import settings
from deployer.drift.account_audit import AccountAuditor
from deployer.drift.desired_states import DesiredStates
from deployer.drift.ports import ListedRepository, RepositoryGoneError
from deployer.drift.repository_state import RepositoryState
from deployer.errors import DeployerError
from handler.records import Record
from handler.tags import EVENT_ID_TAG
from tests.example_config import HANDLER_CONFIG
from tests.example_organization import EXAMPLE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOP, SEARCH = "300000000001", "300000000002"
HOME, ABROAD = "eu-west-1", "us-east-1"
COMPILED = settings.compile(settings.load(HANDLER_CONFIG), EXAMPLE)
DESIRED = DesiredStates(COMPILED)


def record(name: str = "team-a/api", *, number: int = 1, account: str = SHOP, **changes: Any) -> Record:
    """A `created` record."""
    made = NOW - timedelta(hours=3)
    values: dict[str, Any] = {
        "account": account,
        "outcome": "created",
        "reason": "created",
        "event_id": f"event-{number}",
        "event_time": made,
        "received_at": made,
        "created_at": made,
        "request_id": "request",
        "settings_digest": "0" * 64,
        "region": HOME,
        "repository": name,
        "repository_arn": f"arn:aws:ecr:{HOME}:{account}:repository/{name}",
        "principal": f"arn:aws:sts::{account}:assumed-role/ci-build/1",
    }
    return Record(**values | changes)


def desired_state_of(made: Record) -> RepositoryState:
    """The desired state of the repository of a record by today's settings."""
    return DESIRED.for_record(made, partition="aws")


@dataclass
class Repository:
    """A repository in memory; `state` has its policies and tags too."""

    name: str
    state: RepositoryState
    created_at: datetime = NOW - timedelta(hours=3)
    images: int = 1


@dataclass
class Registry:
    """A registry in memory, with errors on request."""

    account: str
    region: str
    held: dict[str, Repository] = field(default_factory=dict)
    error: DeployerError | None = None
    vanishing: set[str] = field(default_factory=set)
    keys: Mapping[str, str] = field(default_factory=dict)
    partition: str = "aws"
    lists: int = 0

    def add(self, made: Record, **changes: Any) -> Repository:
        """The repository of a record, as it was created except for the changes."""
        state = replace(desired_state_of(made), **changes)
        self.held[made.repository or ""] = repository = Repository(made.repository or "", state)
        return repository

    def arn(self, name: str) -> str:
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{name}"

    def repositories(self) -> Iterator[ListedRepository]:
        self.lists += 1
        if self.error:
            raise self.error
        for name, one in self.held.items():
            bare = replace(one.state, lifecycle_policy=None, repository_policy=None, tags={})
            yield ListedRepository(name=name, arn=self.arn(name), created_at=one.created_at, state=bare)

    def _of(self, name: str) -> Repository:
        if name in self.vanishing:
            raise RepositoryGoneError
        return self.held[name]

    def tags(self, arn: str) -> Mapping[str, str]:
        return self._of(arn.partition("/")[2]).state.tags

    def lifecycle_policy(self, name: str) -> str | None:
        return self._of(name).state.lifecycle_policy

    def repository_policy(self, name: str) -> str | None:
        return self._of(name).state.repository_policy

    def has_image(self, name: str) -> bool:
        return bool(self._of(name).images)

    def resolve_alias(self, alias_arn: str) -> str | None:
        return self.keys.get(alias_arn)


class World:
    """Registries of all accounts, and the ledger."""

    def __init__(self) -> None:
        self.registries: dict[tuple[str, str], Registry] = {}
        self.records: list[Record] = []

    def registry(self, account: str = SHOP, region: str = HOME) -> Registry:
        return self.registries.setdefault((account, region), Registry(account, region))

    def create(self, made: Record, **changes: Any) -> Repository:
        """A repository with its record."""
        self.records.append(made)
        return self.registry(made.account, made.region or HOME).add(made, **changes)

    def open(self, account: str, region: str) -> Registry:
        return self.registry(account, region)

    def of_repositories(self, account: str) -> Iterable[Record]:
        return [one for one in self.records if one.account == account]

    def auditor(self, **changes: Any) -> AccountAuditor:
        values: dict[str, Any] = {
            "desired_states": DESIRED,
            "records": self,
            "registries": self,
            "now": NOW,
            "grace": timedelta(hours=2),
        }
        return AccountAuditor(**values | changes)


def tagged(event_id: str) -> Mapping[str, str]:
    return {EVENT_ID_TAG: event_id}
