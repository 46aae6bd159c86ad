"""A query of the ledger: one frozen value, with every filter that `audit list`, `export` and `report` accept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from deployer.audit.adopted import ADOPTIONS
from deployer.organization import normalized
from deployer.principals import role_of
from handler import globs, reasons
from handler.creators import How
from handler.observed_calls import Action
from handler.reasons import Outcome
from handler.records import EXPIRING, Record

DECISIONS: tuple[Outcome, ...] = ("created", "refused", "failed", "violation")
"""Outcomes that matter to people: something was created, a request was not fulfilled, or a rule did not hold."""

NOTABLE: tuple[Outcome, ...] = (*DECISIONS, *ADOPTIONS, "observed")
"""Those, which repositories of others a person adopted or released, and what others created or deleted."""

OTHERS: tuple[Outcome, ...] = ("exists", "ignored")
"""Outcomes that occur several times for each push: its other layers, and calls that only read. They expire."""

ALL: tuple[Outcome, ...] = (*NOTABLE, *OTHERS)

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any record; for reads by a key that is not split by time."""

_WILDCARD = "*"
ROOT = "Root"
"""The path of accounts in no OU; every OU is below it."""

assert frozenset(OTHERS) == EXPIRING


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Records of events from `since` (included) to `until` (not included), in UTC, that match all filters.

    Several values of one filter mean any of them. OUs are normalized paths of the records (`Workloads/Prod`), with the
    OUs below unless `include_children` is False. Repositories and principals are globs, as in config files. What ECR
    created by a template of ours counts as created in the way `native`, although its records are decisions.
    """

    since: datetime
    until: datetime
    outcomes: tuple[Outcome, ...] = NOTABLE
    reasons: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    ous: tuple[str, ...] = ()
    include_children: bool = True
    regions: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    hows: tuple[How, ...] = ()
    actions: tuple[Action, ...] = ()
    oldest_first: bool = False

    def matches(self, record: Record) -> bool:
        """Whether a record matches."""
        return (
            self.since <= record.event_time < self.until
            and record.outcome in self.outcomes
            and _is_any(record.reason, self.reasons)
            and _is_any(record.account, self.accounts)
            and _is_any(record.region, self.regions)
            and _is_any(record.how or record.engine, self.hows)
            and _is_any(record.action or ("created" if record.engine else None), self.actions)
            and (
                not self.ous
                or _is_in(normalized(record.ou_path or ""), self.ous, include_children=self.include_children)
            )
            and (not self.repositories or _matches(self.repositories, _names(record), globs.matches_name))
            and (not self.principals or _matches(self.principals, _principals(record), globs.matches_arn))
        )

    @property
    def is_selective(self) -> bool:
        """Whether few of the records that are read may match: filters without a key of their own."""
        has_globs = bool(self.repositories and not self.exact_repositories)
        return has_globs or any((self.reasons, self.ous, self.regions, self.principals, self.hows, self.actions))

    @property
    def exact_repositories(self) -> tuple[str, ...]:
        """The repositories by name, if none of them is a glob."""
        return () if any(_WILDCARD in name for name in self.repositories) else tuple(dict.fromkeys(self.repositories))


def outcomes_of(codes: Collection[str]) -> tuple[Outcome, ...]:
    """The outcomes that records with one of these reasons can have."""
    return tuple(outcome for outcome in ALL if not reasons.OUTCOMES[outcome].isdisjoint(codes))


def literal_start(pattern: str) -> str:
    """The prefix of every text that a glob matches."""
    return pattern.partition(_WILDCARD)[0].removesuffix("/")


def _is_any(value: str | None, allowed: tuple[str, ...]) -> bool:
    return not allowed or value in allowed


def _is_in(path: str, ous: tuple[str, ...], *, include_children: bool) -> bool:
    return any(path == ou or (include_children and (ou == ROOT or path.startswith(f"{ou}/"))) for ou in ous)


def _matches(patterns: tuple[str, ...], texts: Iterable[str], matches: Callable[[str, str], bool]) -> bool:
    return any(matches(pattern, text) for text in texts for pattern in patterns)


def _names(record: Record) -> Iterator[str]:
    if record.repository is not None:
        yield record.repository


def _principals(record: Record) -> Iterator[str]:
    """The caller, and for an assumed-role session its role, as rules for principals match it."""
    if record.principal is None:
        return
    yield record.principal
    if role := role_of(record.principal):
        yield role
