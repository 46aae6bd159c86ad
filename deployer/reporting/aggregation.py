"""One pass over the records of the ledger, and everything that the report says of them. Pure.

Memory does not grow with the number of records, apart from the table, which has a limit of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from deployer.principals import role_of
from deployer.reporting.periods import Buckets, buckets_of
from deployer.reporting.problems import Problems
from deployer.reporting.rows import Rows
from deployer.reporting.tallies import Breakdown, Series, Tally
from deployer.reporting.waiting import Waiting
from handler.records import Record

Dimension = Literal["ou", "account", "region", "namespace", "principal", "reason"]
DIMENSIONS: tuple[Dimension, ...] = ("ou", "account", "region", "namespace", "principal", "reason")

ROWS = 50_000
"""In the table, unless another limit is given: what a browser sorts in a blink."""


@dataclass(slots=True, kw_only=True)
class Aggregates:
    """Counts of records; `rows` are the newest of them."""

    since: datetime
    until: datetime
    buckets: Buckets
    total: Tally
    over_time: Series
    by: dict[Dimension, Breakdown]
    waiting: Waiting = field(default_factory=Waiting)
    problems: Problems = field(default_factory=Problems)
    rows: Rows
    knows_created: bool = True
    """Whether what made a failure good would be among the records."""
    remembered: int = 0
    """Decided while Organizations could not be asked, by the OU of the last roll-out."""

    @property
    def count(self) -> int:
        return self.total.total


def aggregate(
    records: Iterable[Record], *, since: datetime, until: datetime, rows: int = ROWS, knows_created: bool = True
) -> Aggregates:
    """Read records, the newest first, once; say in `knows_created` when those of what was created are left out."""
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
    waited = waited_seconds(record)
    if waited is not None:
        found.waiting.add(waited)
    found.problems.add(record)
    found.remembered += record.ou_source == "remembered"
    found.rows.add(record, waited=waited)


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
    """From the event to the repository; None where none was created."""
    if record.outcome != "created" or record.created_at is None:
        return None
    return (record.created_at - record.event_time).total_seconds()


def namespace_of(repository: str) -> str:
    """What stands before the first slash, with the slash; empty for a name without one."""
    first, slash, _ = repository.partition("/")
    return first + slash if slash else ""


def caller_of(principal: str) -> str:
    """The role behind a session, whose name is another each time; anything else as it is."""
    return role_of(principal) or principal
