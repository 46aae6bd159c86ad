"""Aggregates the records of the ledger in one pass for all parts of the report. Pure.

Memory does not grow with the number of records; the table of records has its own limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from deployer.principals import role_of
from deployer.reporting.adoption import Adoption
from deployer.reporting.periods import Buckets, buckets_of
from deployer.reporting.problems import ONE_PUSH, Problems
from deployer.reporting.rows import Rows
from deployer.reporting.tallies import Breakdown, Series, Tally
from deployer.reporting.waiting import Waiting
from handler.records import Record

Dimension = Literal["ou", "account", "region", "namespace", "principal", "reason"]
DIMENSIONS: tuple[Dimension, ...] = ("ou", "account", "region", "namespace", "principal", "reason")

ROWS = 50_000
"""The default number of rows in the table: a browser sorts as many without a noticeable delay."""


@dataclass(slots=True)
class Pushes:
    """Tells retries and further layers of one push from another push; records are added newest first."""

    retries: int = 0
    """Records of refused and failed pushes beyond the first of each push."""
    _earliest: dict[str, datetime] = field(default_factory=dict)
    _pruned: datetime | None = None

    def is_new(self, record: Record) -> bool:
        """Whether a record is the first that was added of its push."""
        if record.outcome not in {"refused", "failed"}:
            return True
        self._prune(record.event_time)
        key = " ".join(map(str, (record.outcome, record.account, record.region, record.reason, record.repository)))
        known = self._earliest.get(key)
        self._earliest[key] = record.event_time
        if known is None or known - record.event_time >= ONE_PUSH:
            return True
        self.retries += 1
        return False

    def _prune(self, time: datetime) -> None:
        """Forget pushes that no further record can belong to, so that memory does not grow."""
        if self._pruned is None or self._pruned - time >= 10 * ONE_PUSH:
            self._earliest = {key: one for key, one in self._earliest.items() if one - time < ONE_PUSH}
            self._pruned = time


@dataclass(slots=True, kw_only=True)
class Aggregates:
    """Counts of repositories and of pushes, whose retries count once; `rows` are the newest records."""

    since: datetime
    until: datetime
    buckets: Buckets
    total: Tally
    over_time: Series
    by: dict[Dimension, Breakdown]
    waiting: Waiting = field(default_factory=Waiting)
    problems: Problems = field(default_factory=Problems)
    adoption: Adoption = field(default_factory=Adoption)
    pushes: Pushes = field(default_factory=Pushes)
    rows: Rows
    count: int = 0
    """All records."""
    observed_of_deployer: int = 0
    """Of the `observed` records, those of commands: probes and blank repositories that deployer itself deleted."""
    knows_created: bool = True
    """Whether records of created repositories were read, so that resolved failures can be recognized."""
    remembered: int = 0
    """Decisions by the OU known at the last roll-out, made while Organizations could not be read."""

    @property
    def observed_of_others(self) -> int:
        """Repositories that others created or deleted."""
        return self.total["observed"] - self.observed_of_deployer


def aggregate(
    records: Iterable[Record], *, since: datetime, until: datetime, rows: int = ROWS, knows_created: bool = True
) -> Aggregates:
    """Aggregate records, newest first; `knows_created` is False if records of created repositories are omitted."""
    buckets = buckets_of(since, until)
    size = len(buckets.starts)
    found = Aggregates(
        since=since,
        until=until,
        buckets=buckets,
        total=Tally.empty(size),
        over_time=Series.empty(size),
        by={dimension: Breakdown(size) for dimension in DIMENSIONS},
        rows=Rows(rows),
        knows_created=knows_created,
    )
    for record in records:
        _add(found, record)
    return found


def _add(found: Aggregates, record: Record) -> None:
    found.count += 1
    if found.pushes.is_new(record):
        _count(found, record)
    waited = waited_seconds(record)
    if waited is not None:
        found.waiting.add(waited)
    found.problems.add(record)
    found.adoption.add(record)
    found.observed_of_deployer += record.outcome == "observed" and record.how == "deployer"
    found.remembered += record.ou_source == "remembered"
    found.rows.add(record, waited=waited)


def _count(found: Aggregates, record: Record) -> None:
    bucket = found.buckets.index(record.event_time)
    found.total.add(record.outcome, bucket)
    found.over_time.add(record.outcome, bucket)
    for dimension, breakdown in found.by.items():
        breakdown.add(
            _key(dimension, record),
            record.outcome,
            bucket,
            label=record.account_name or "" if dimension == "account" else "",
        )


def _key(dimension: Dimension, record: Record) -> str:
    match dimension:
        case "ou":
            return record.ou_path or ""
        case "account":
            return record.account
        case "region":
            return record.region or ""
        case "namespace":
            return namespace_of(record.repository or "")
        case "principal":
            return caller_of(record.caller or "")
        case "reason":
            return record.reason


def waited_seconds(record: Record) -> float | None:
    """The time from the event to the repository; None if none was created, or if ECR created it during the push."""
    if record.outcome != "created" or record.engine is not None or record.created_at is None:
        return None
    return (record.created_at - record.event_time).total_seconds()


def namespace_of(repository: str) -> str:
    """The part before the first slash, with the slash; empty for a name without a slash."""
    first, slash, _ = repository.partition("/")
    return first + slash if slash else ""


def caller_of(principal: str) -> str:
    """The role of an assumed-role session, whose session name changes each time; any other principal unchanged."""
    return role_of(principal) or principal
