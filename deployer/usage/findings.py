"""The results of an audit of usage by repository, account and in total: values that can be stored and read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from deployer.drift.findings import Unread
from deployer.usage.images import ImageSummary
from handler.json_values import JsonValue

UsageKind = Literal["near-quota", "unused", "never-pulled", "blank"]
UsageFinding = Literal["near-quota", "unused", "never-pulled", "blank", "unread"]
USAGE_KINDS: tuple[UsageKind, ...] = ("near-quota", "unused", "never-pulled", "blank")
"""The reasons for which a repository may need attention, the most urgent first."""
USAGE_FINDINGS: tuple[UsageFinding, ...] = (*USAGE_KINDS, "unread")

IMAGES_QUOTA = 100_000
"""AWS's default for the images of a repository, adjustable (L-03A36CE1):
https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html"""
REPOSITORIES_QUOTA = 100_000
"""The same for the repositories of an account and region (L-CFEB8E8D)."""
NEAR = 0.8
"""The part of a quota from which on it counts as near."""

_TIMES = ("first_push", "last_push", "last_pull", "pullable_since")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryUsage:
    """One repository and the sum of its images."""

    account: str
    region: str
    name: str
    created_at: datetime
    is_ours: bool
    """Whether deployer created or adopted it, by the ledger."""
    images: ImageSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryUsage:
    """One account and region, and the number of all of its repositories, whoever created them."""

    account: str
    region: str
    repositories: int

    @property
    def is_near_quota(self) -> bool:
        """Whether few further repositories can be created, by AWS's default quota."""
        return self.repositories >= NEAR * REPOSITORIES_QUOTA


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUsage:
    """Everything about one account; `others` counts repositories that were not read, since they are not ours."""

    account: str
    registries: tuple[RegistryUsage, ...] = ()
    repositories: tuple[RepositoryUsage, ...] = field(default=(), repr=False)
    others: int = 0
    unread: tuple[Unread, ...] = ()

    @property
    def repository_count(self) -> int:
        """The number of repositories that were read."""
        return len(self.repositories)

    def to_json(self) -> dict[str, object]:
        """For a checkpoint."""
        document = asdict(self)
        for item in document["repositories"]:
            item["created_at"] = item["created_at"].isoformat()
            images = item["images"]
            images.update({name: images[name] and images[name].isoformat() for name in _TIMES})
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, JsonValue]) -> AccountUsage:
        """What `to_json` wrote; raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            account=document["account"],
            registries=tuple(RegistryUsage(**item) for item in document["registries"]),
            repositories=tuple(_repository(item) for item in document["repositories"]),
            others=document["others"],
            unread=tuple(Unread(**item) for item in document["unread"]),
        )


def _repository(document: Mapping[str, JsonValue]) -> RepositoryUsage:
    images = dict(document["images"])
    images.update({name: images[name] and datetime.fromisoformat(images[name]) for name in _TIMES})
    created_at = datetime.fromisoformat(document["created_at"])
    return RepositoryUsage(**{**document, "created_at": created_at, "images": ImageSummary(**images)})


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRules:
    """When a repository needs attention."""

    now: datetime
    unused_for: timedelta
    """How long a repository may be without a pull."""
    grace: timedelta
    """How long it may be without an image, and an image that can be pulled without a pull."""

    def kinds(self, one: RepositoryUsage) -> list[UsageKind]:
        """What a repository needs attention for, the most urgent first."""
        images, found = one.images, list[UsageKind]()
        if images.total >= NEAR * IMAGES_QUOTA:
            found.append("near-quota")
        if not images.total and one.created_at < self.now - self.grace:
            found.append("blank")
        elif images.images and images.last_pull is None:
            if images.pullable_since is not None and images.pullable_since < self.now - self.grace:
                found.append("never-pulled")
        elif images.images and images.last_pull and images.last_pull < self.now - self.unused_for:
            found.append("unused")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """All accounts, by id, and the rules by which they are judged."""

    accounts: tuple[AccountUsage, ...]
    rules: UsageRules

    def repositories(self) -> Iterator[RepositoryUsage]:
        """Every repository that was read."""
        for account in self.accounts:
            yield from account.repositories

    def registries(self) -> Iterator[RegistryUsage]:
        """Every account and region that was read."""
        for account in self.accounts:
            yield from account.registries

    def unread(self) -> Iterator[Unread]:
        """Everything that could not be read."""
        for account in self.accounts:
            yield from account.unread

    @property
    def others(self) -> int:
        """The number of repositories that were not read, since they are not ours."""
        return sum(account.others for account in self.accounts)

    def by_size(self) -> list[RepositoryUsage]:
        """Every repository, the largest first."""
        return sorted(self.repositories(), key=_largest_first)

    def of_kind(self, kind: UsageKind) -> list[RepositoryUsage]:
        """The repositories that need attention for this, the largest first."""
        return [one for one in self.by_size() if kind in self.rules.kinds(one)]

    def by_attention(self) -> list[RepositoryUsage]:
        """Every repository: by its most urgent finding, those without one last, and the largest first."""
        order: dict[str, int] = {kind: position for position, kind in enumerate(USAGE_KINDS)}

        def urgency(one: RepositoryUsage) -> int:
            return min((order[kind] for kind in self.rules.kinds(one)), default=len(order))

        return sorted(self.by_size(), key=urgency)

    def near_quota(self) -> list[RegistryUsage]:
        """The registries with almost as many repositories as the quota allows, the fullest first."""
        found = [one for one in self.registries() if one.is_near_quota]
        return sorted(found, key=lambda one: (-one.repositories, one.account, one.region))

    def counts(self) -> Mapping[str, int]:
        """The number of repositories by kind, with near registries, and of `unread`, in the order of display."""
        found = Counter(kind for one in self.repositories() for kind in self.rules.kinds(one))
        found["near-quota"] += len(self.near_quota())
        return {**{kind: found[kind] for kind in USAGE_KINDS}, "unread": sum(1 for _ in self.unread())}

    def finding_count(self, *, ignored: Collection[str] = ()) -> int:
        """The number of findings, without ignored kinds; a repository counts once for each kind."""
        return sum(number for kind, number in self.counts().items() if kind not in ignored)


def _largest_first(one: RepositoryUsage) -> tuple[object, ...]:
    return (-one.images.size, -one.images.total, one.account, one.region, one.name)
