"""Usage summed up by account and by OU. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from deployer.organization import Organization
from deployer.usage.findings import RepositoryUsage, UsageReport
from deployer.usage.images import ImageSummary
from deployer.words import account_path

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Repositories, and the sum of their images."""

    repositories: int = 0
    images: ImageSummary = field(default_factory=ImageSummary)

    def plus(self, one: RepositoryUsage) -> Total:
        """The total with one repository more."""
        return Total(repositories=self.repositories + 1, images=self.images + one.images)


def total_of(report: UsageReport) -> Total:
    """The total of everything."""
    return _grouped(report.repositories(), lambda _: "").get("", Total())


def by_account(report: UsageReport) -> dict[str, Total]:
    """The total of each account that has repositories, the largest first."""
    return _grouped(report.repositories(), lambda one: one.account)


def by_ou(report: UsageReport, organization: Organization) -> dict[str, Total]:
    """The total of the accounts directly in each OU, by its path, the largest first."""
    return _grouped(report.repositories(), lambda one: account_path(organization, one.account))


def _grouped(repositories: Iterable[RepositoryUsage], key_of: Callable[[RepositoryUsage], Key]) -> dict[Key, Total]:
    totals: dict[Key, Total] = defaultdict(Total)
    for one in repositories:
        totals[key_of(one)] = totals[key_of(one)].plus(one)
    return dict(sorted(totals.items(), key=lambda item: (-item[1].images.size, -item[1].repositories, str(item[0]))))
