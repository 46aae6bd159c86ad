"""Repositories with images, and registries for tests of usage, created directly and in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deployer.drift.ports import ListedRepository, RepositoryGoneError
from deployer.drift.repository_state import actual_state_of
from deployer.errors import DeployerError
from deployer.usage.account_reading import UsageReader
from deployer.usage.findings import AccountUsage, RegistryUsage, RepositoryUsage, UsageReport, UsageRules
from deployer.usage.images import ImageData, ImageSummary
from deployer.usage.ports import OutdatedRoleError
from handler.records import Record
from handler.tags import EVENT_ID_TAG
from tests.deployer.drift.examples import DESIRED, HOME, NOW, SHOP

RULES = UsageRules(now=NOW, unused_for=timedelta(days=90), grace=timedelta(hours=24))
MADE = NOW - timedelta(hours=3)
"""When the repositories of `tests.deployer.drift.examples.record` were created."""


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def holding(*, images: int = 1, size: int = 1_000, pushed: float | None = 200, pulled: float | None = None,
            archived: int = 0) -> ImageSummary:  # fmt: skip
    """A sum of images; times in days ago."""
    moment = None if pushed is None else ago(pushed)
    return ImageSummary(
        images=images,
        size=size,
        archived=archived,
        archived_size=archived * 10,
        first_push=moment,
        last_push=moment,
        last_pull=None if pulled is None else ago(pulled),
        pullable_since=moment,
    )


def repository(name: str = "team-a/api", images: ImageSummary | None = None, **changes: Any) -> RepositoryUsage:
    values: dict[str, Any] = {"account": SHOP, "region": HOME, "created_at": ago(300), "is_ours": True}
    return RepositoryUsage(name=name, images=holding() if images is None else images, **values | changes)


def report(*repositories: RepositoryUsage, rules: UsageRules = RULES, **registries: int) -> UsageReport:
    """A report of these repositories, one registry for each account; `a300000000001=5` sets its size."""
    accounts = sorted({one.account for one in repositories})
    return UsageReport(
        accounts=tuple(
            AccountUsage(
                account=account,
                registries=(
                    RegistryUsage(account=account, region=HOME, repositories=registries.get(f"a{account}", 1)),
                ),
                repositories=tuple(one for one in repositories if one.account == account),
            )
            for account in accounts
        ),
        rules=rules,
    )


@dataclass
class Registry:
    """A registry in memory, with errors on request."""

    region: str
    held: dict[str, list[ImageData]] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)
    error: DeployerError | None = None
    unreadable: Mapping[str, DeployerError] = field(default_factory=dict)
    vanishing: frozenset[str] = frozenset()
    is_outdated: bool = False
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, *images: ImageData, created_at: datetime = MADE, event_id: str = "") -> None:
        self.held[name], self.created[name], self.tagged[name] = [*images], created_at, event_id

    def repositories(self) -> Iterator[ListedRepository]:
        if self.error:
            raise self.error
        for name in self.held:
            yield ListedRepository(name=name, arn=name, created_at=self.created[name], state=actual_state_of({}))

    def tags(self, arn: str) -> Mapping[str, str]:
        self.asked.append(f"tags {arn}")
        return {EVENT_ID_TAG: self.tagged[arn]} if self.tagged[arn] else {}

    def images(self, name: str) -> Iterator[ImageData]:
        self.asked.append(f"images {name}")
        if self.is_outdated:
            raise OutdatedRoleError
        if name in self.vanishing:
            raise RepositoryGoneError
        if name in self.unreadable:
            raise self.unreadable[name]
        yield from self.held[name]


class World:
    """Registries of one account, and the ledger."""

    def __init__(self) -> None:
        self.registries: dict[str, Registry] = {}
        self.records: list[Record] = []

    def registry(self, region: str = HOME) -> Registry:
        return self.registries.setdefault(region, Registry(region))

    def open(self, account: str, region: str) -> Registry:
        del account
        return self.registry(region)

    def of_repositories(self, account: str) -> Iterable[Record]:
        return [one for one in self.records if one.account == account]

    def read(self, **changes: Any) -> AccountUsage:
        values: dict[str, Any] = {"desired_states": DESIRED, "records": self, "registries": self}
        return UsageReader(**values | changes).read_account(SHOP)
