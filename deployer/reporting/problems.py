"""Repeated refusals, unresolved failures and violations, counted while records are read. Pure.

A refused push has one record; before 0.2 it had one for each layer. Refusals are therefore counted by attempt: records
of one repository that are further apart than one push takes. Every failed event counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from deployer.reporting.tallies import CAPACITY, halved
from handler.records import Record

ONE_PUSH = timedelta(seconds=60)
"""Records of one repository that are closer together are one attempt."""

REPEATS = 3
"""Attempts from which a refusal is reported as repeated; somebody who notices and fixes the cause needs fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKey:
    """The location and reason of a refusal or failure."""

    account: str
    account_name: str
    region: str
    repository: str
    reason: str
    ou_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Refusals or failures with the same key; `principal`, `event_id` and the repository are of the newest record."""

    key: ProblemKey
    count: int
    first: datetime
    last: datetime
    principal: str
    event_id: str
    detail: str


@dataclass(slots=True)
class Problems:
    """Refusals and failures by location and reason; records are added newest first."""

    capacity: int = CAPACITY
    is_exact: bool = True
    _refused: dict[str, Attempts] = field(default_factory=dict)
    _failed: dict[str, Attempts] = field(default_factory=dict)
    _violations: dict[str, Attempts] = field(default_factory=dict)
    _second: datetime | None = None
    _failed_events: dict[str, Record] = field(default_factory=dict)
    _created_events: set[str] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Count one record."""
        if record.event_time != self._second:
            self._settle()
            self._second = record.event_time
        match record.outcome:
            case "refused":
                self._add(self._refused, record, key=_by_name(record), apart=ONE_PUSH)
            case "failed":
                self._failed_events.setdefault(record.event_id, record)
            case "created":
                self._created_events.add(record.event_id)
            case "violation":
                self._created_events.add(record.event_id)
                self._add(self._violations, record, key=_by_cause(record), apart=timedelta())

    def repeats(self) -> list[Attempts]:
        """Refusals that repeat, those with most attempts first."""
        return _ranked(attempts for attempts in self._refused.values() if attempts.count >= REPEATS)

    def violations(self) -> list[Attempts]:
        """Repositories that ECR created against the rules, by cause, the most frequent first."""
        return _ranked(self._violations.values())

    def failures(self) -> list[Attempts]:
        """Failures whose event has no repository yet, by cause, the most frequent first."""
        self._settle()
        return _ranked(self._failed.values())

    def _settle(self) -> None:
        """All records of an event have the event's time, so no more of them follow after that second."""
        for event_id, record in self._failed_events.items():
            if event_id not in self._created_events:
                self._add(self._failed, record, key=_by_cause(record), apart=timedelta())
        self._failed_events.clear()
        self._created_events.clear()

    def _add(self, attempts: dict[str, Attempts], record: Record, *, key: str, apart: timedelta) -> None:
        known = attempts.get(key)
        if known is not None:
            is_new = known.first - record.event_time >= apart
            attempts[key] = replace(known, first=record.event_time, count=known.count + is_new)
            return
        if len(attempts) >= 2 * self.capacity:
            kept, _ = halved(attempts, by=lambda one: one.count)
            attempts.clear()
            attempts.update(kept)
            self.is_exact = False
        attempts[key] = Attempts(
            key=_key_of(record),
            count=1,
            first=record.event_time,
            last=record.event_time,
            principal=record.principal or "",
            event_id=record.event_id,
            detail=record.detail or "",
        )


def _by_name(record: Record) -> str:
    """Refusals of one repository for one reason."""
    return f"{_by_cause(record)} {record.repository}"


def _by_cause(record: Record) -> str:
    """Failures in an account and region for one reason, which one repair resolves."""
    return f"{record.account} {record.region} {record.reason}"


def _key_of(record: Record) -> ProblemKey:
    return ProblemKey(
        account=record.account,
        account_name=record.account_name or "",
        region=record.region or "",
        repository=record.repository or "",
        reason=record.reason,
        ou_path=record.ou_path or "",
    )


def _ranked(attempts: Iterable[Attempts]) -> list[Attempts]:
    return sorted(attempts, key=lambda one: (-one.count, -one.last.timestamp(), one.key.repository))
