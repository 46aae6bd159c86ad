"""Findings of an audit by repository, account and in total: values that can be stored and read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from deployer.drift.comparison import Difference
from deployer.drift.repository_state import RepositoryState
from handler.json_values import JsonValue

RepositoryStatus = Literal["in sync", "drifted", "untagged", "gone", "deleted", "unrecorded", "under way"]
"""`untagged` has a record with its time of creation, and lacks our tag; `gone` has a record and
does not exist; `deleted` is that with the observed deletion, which is no finding;
`unrecorded` carries our tag and has no record; `under way` is so young that its record may be about to be written."""

FindingKind = Literal["drifted", "untagged", "gone", "unrecorded", "blank", "unread"]
FINDINGS: tuple[FindingKind, ...] = ("drifted", "untagged", "gone", "unrecorded", "blank", "unread")
"""Findings that a person may have to check; `unread` is an account, region or repository that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRepository:
    """One repository of ours. `desired` is the desired state of one that drifted or lost its tag."""

    account: str
    region: str
    name: str
    verdict: RepositoryStatus
    event_id: str
    created_at: datetime | None = None
    principal: str | None = None
    is_blank: bool = False
    differences: tuple[Difference, ...] = ()
    desired: RepositoryState | None = field(default=None, repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What could not be read: a whole account, one of its regions, or one repository there."""

    account: str
    region: str | None = None
    repository: str | None = None
    problem: str
    may_be_temporary: bool = False
    """Whether a retry may succeed; a missing role stays missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """Everything about one account; `others` counts repositories of others that nobody adopted, by region."""

    account: str
    regions: tuple[str, ...] = ()
    checked: tuple[CheckedRepository, ...] = field(default=(), repr=False)
    others: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()

    @property
    def repository_count(self) -> int:
        """The number of repositories of ours."""
        return len(self.checked)

    def to_json(self) -> dict[str, object]:
        """For a checkpoint."""
        document = asdict(self)
        for item in document["checked"]:
            item["created_at"] = item["created_at"] and item["created_at"].isoformat()
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, JsonValue]) -> AccountReport:
        """Read the output of `to_json`; raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            account=document["account"],
            regions=tuple(document["regions"]),
            checked=tuple(_checked(item) for item in document["checked"]),
            others=dict(document["others"]),
            unread=tuple(Unread(**item) for item in document["unread"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All accounts, by id."""

    accounts: tuple[AccountReport, ...]

    def checked(self) -> Iterator[CheckedRepository]:
        """Every repository of ours, by account, region and name."""
        for account in self.accounts:
            yield from sorted(account.checked, key=lambda one: (one.region, one.name))

    def unread(self) -> Iterator[Unread]:
        """Everything that could not be read."""
        for account in self.accounts:
            yield from account.unread

    @property
    def others(self) -> int:
        """The number of repositories that deployer neither created nor adopted."""
        return sum(sum(account.others.values()) for account in self.accounts)

    @property
    def region_count(self) -> int:
        """Regions of accounts that were read."""
        return sum(len(account.regions) for account in self.accounts)

    def counts(self) -> Mapping[str, int]:
        """The number of each verdict, of `blank` and of `unread`, in the order in which they are printed."""
        found = Counter(one.verdict for one in self.checked())
        order: tuple[RepositoryStatus, ...] = (
            "in sync",
            "under way",
            "deleted",
            "drifted",
            "untagged",
            "gone",
            "unrecorded",
        )
        return {
            **{verdict: found[verdict] for verdict in order},
            "blank": sum(one.is_blank for one in self.checked()),
            "unread": sum(1 for _ in self.unread()),
        }


def _checked(document: Mapping[str, JsonValue]) -> CheckedRepository:
    values = dict(document)
    values["created_at"] = values["created_at"] and datetime.fromisoformat(values["created_at"])
    values["differences"] = tuple(Difference(**item) for item in values["differences"])
    if values["desired"] is not None:
        kept = values["desired"]
        values["desired"] = RepositoryState(**{**kept, "mutability_exclusions": tuple(kept["mutability_exclusions"])})
    return CheckedRepository(**values)
