"""An in-memory ledger that pages as DynamoDB does, and records to fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deployer.audit.index_keys import Index, IndexKey
from deployer.audit.query import Query
from deployer.audit.reading import Page, Usage
from handler.creators import How
from handler.observed_calls import Action
from handler.reasons import Outcome
from handler.records import Record

NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)

KEYS: dict[Index, Callable[[Record], str | None]] = {
    "table": lambda record: record.account,
    "by-outcome": lambda record: record.outcome_month,
    "by-repository": lambda record: record.repository,
}

_REASONS: dict[Outcome, str] = {
    "created": "created",
    "refused": "name-denied",
    "failed": "access-denied",
    "exists": "already-exists",
    "ignored": "not-a-push",
    "observed": "repository-created",
    "violation": "name-denied",
    "adopted": "adopted",
    "released": "released",
}


def record(number: int = 0, **changes: Any) -> Record:
    """The record of an event `number` minutes before NOW."""
    outcome: Outcome = changes.get("outcome", "created")
    time = changes.get("event_time", NOW - timedelta(minutes=number))
    values: dict[str, Any] = {
        "account": "300000000001",
        "account_name": "shop-prod",
        "outcome": outcome,
        "reason": _REASONS[outcome],
        "event_id": f"{number:08}-0000-4000-8000-000000000000",
        "event_time": time,
        "received_at": time + timedelta(milliseconds=2250),
        "request_id": "request-1",
        "settings_digest": "0" * 64,
        "ou_path": "Workloads/Prod",
        "region": "eu-west-1",
        "repository": "team-a/api",
        "principal": "arn:aws:sts::300000000001:assumed-role/ci-build/build-4711",
    }
    return Record(**values | changes)


def observed(number: int = 0, action: Action = "created", how: How = "by hand", **changes: Any) -> Record:
    """The record of a repository that somebody else created or deleted."""
    reason = f"repository-{action}"
    return record(number, outcome="observed", reason=reason, action=action, how=how, **changes)


@dataclass
class MemoryLedger:
    """Implements `deployer.audit.reading.Ledger`; `fails_at` is the number of the call that is lost."""

    records: list[Record]
    page_size: int = 3
    calls: list[IndexKey] = field(default_factory=list)
    fails_at: int | None = None

    def page(self, index_key: IndexKey, query: Query, *, start: Any = None, size: int | None = None) -> Page:
        if len(self.calls) == self.fails_at:
            self.fails_at = None
            raise ConnectionError("lost")
        self.calls.append(index_key)
        held = sorted(
            (
                one
                for one in self.records
                if KEYS[index_key.index](one) == index_key.key and query.since <= one.event_time < query.until
            ),
            key=lambda one: one.at,
            reverse=not query.oldest_first,
        )
        begin = start or 0
        end = begin + min(size or self.page_size, self.page_size)
        found = tuple(held[begin:end])
        return Page(records=found, examined=len(found), capacity=0.5, next=end if end < len(held) else None)


@dataclass
class EventLedger(MemoryLedger):
    """A memory ledger that also finds the records of an event."""

    def of_event(self, event_id: str, *, usage: Usage | None = None) -> Iterator[Record]:
        found = [one for one in self.records if one.event_id == event_id]
        return iter(sorted(found, key=lambda one: one.at))


def everything(records: Iterable[Record], **changes: Any) -> Query:
    """A query that spans all of the records."""
    times = [one.event_time for one in records]
    return Query(since=min(times), until=max(times) + timedelta(seconds=1), **changes)
