"""One record of the ledger: the decision about one event, with a key that makes writing it idempotent.

The key is the account and `<eventTime>#<eventID>#<outcome>`, with CloudTrail's time and id, so every attempt at an
event writes the same key, and the second write fails its condition. Records are never overwritten, so the outcome is
part of the key: an event can fail, be redriven and then create its repository, and the ledger shows both, but never two
`created`. The key of a `failed` record also ends in the id of the Lambda request, which is the same for Lambda's own
retries and different for each redrive: there is one record for each failed delivery.

`outcome_month` is the key of the index by outcome: queries for created, refused and failed do not read the far more
numerous records that are rarely queried. Those are also distributed over shards, by account, so that a burst of pulls
from many accounts does not hit a single DynamoDB partition, which takes 1,000 records a second.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html

The table's items are flat: strings of printable characters and two numbers, without absent values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal
from zlib import crc32

from handler.creators import How
from handler.events import Via
from handler.json_values import JsonValue
from handler.observed_calls import Action
from handler.reasons import Outcome
from handler.settings import Engine, Retention
from handler.text import printable

VERSION = 1
NEWER_VERSION = 2
"""Version of records with attributes that version 1 lacks, or with an outcome of its own. All others have not changed.
"""

OuSource = Literal["asked", "remembered"]

EXPIRY = timedelta(days=Retention().expiring_records)
EXPIRING: frozenset[Outcome] = frozenset({"exists", "ignored"})
"""Outcomes whose records expire; all other records are kept."""

SHARDS = 4
"""Number of shards for each month of an outcome whose records expire."""

_NUMBERS = frozenset({"version", "expires"})

MAX_REFUSALS = 1_000
"""Most records of refusals for one account and hour; one further record stands for all refusals beyond them."""
SUMMARY_EVENT_ID = "refusals-left-out"
"""The event id of the record that stands for all refusals left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRetention:
    """How long records are kept after they were written; None means forever, as `created` and `adopted` are."""

    expiring: timedelta = EXPIRY
    """Of the outcomes in EXPIRING."""
    refused: timedelta | None = None
    observed: timedelta | None = None

    def of(self, outcome: Outcome) -> timedelta | None:
        """The time for one outcome."""
        if outcome in EXPIRING:
            return self.expiring
        return {"refused": self.refused, "observed": self.observed}.get(outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A decision; times are UTC. `event_id` is CloudTrail's, `envelope_id` EventBridge's, `request_id` Lambda's.

    `settings` (those requested for a created repository) and `steps` (milliseconds by step) are JSON texts.
    """

    account: str
    outcome: Outcome
    reason: str
    event_id: str
    event_time: datetime
    received_at: datetime
    request_id: str
    settings_digest: str
    detail: str | None = None
    rule: str | None = None
    ou_path: str | None = None
    ou_source: OuSource | None = None
    account_name: str | None = None
    region: str | None = None
    repository: str | None = None
    repository_arn: str | None = None
    principal: str | None = None
    principal_account: str | None = None
    source_ip: str | None = None
    user_agent: str | None = None
    event_name: str | None = None
    envelope_id: str | None = None
    created_at: datetime | None = None
    settings: str | None = None
    steps: str | None = None
    via: Via | None = None
    """How the event was delivered again: by a redrive or a replay."""
    action: Action | None = None
    """Of an `observed` record: what happened to the repository."""
    how: How | None = None
    """Of an `observed` record: how, as far as the event proves it."""
    engine: Engine | None = None
    """`native` if ECR created the repository by a creation template; None if the handler did."""

    @property
    def at(self) -> str:
        """Sort key."""
        return key_of(
            event_time=self.event_time, event_id=self.event_id, outcome=self.outcome, request_id=self.request_id
        )

    @property
    def caller(self) -> str | None:
        """The principal, with its account if its name lacks it: CloudTrail has no ARNs of other accounts' callers."""
        if not self.principal or not self.principal_account or self.principal_account in self.principal:
            return self.principal
        return f"{self.principal} of account {self.principal_account}"

    @property
    def day(self) -> str:
        """Day of the event, for exports that are partitioned by it."""
        return f"{self.event_time:%Y-%m-%d}"

    @property
    def outcome_month(self) -> str:
        """Partition key of the index by outcome."""
        partitions = outcome_months(self.outcome, f"{self.event_time:%Y-%m}")
        return partitions[crc32(self.account.encode()) % len(partitions)]

    @property
    def version(self) -> int:
        """The version of the record's schema."""
        is_first = self.action is None and self.engine is None and self.outcome not in ("adopted", "released")
        return VERSION if is_first else NEWER_VERSION

    def expires(self, kept: RecordRetention) -> int | None:
        """When DynamoDB may delete the record, in seconds since 1970; None for one that stays."""
        time = kept.of(self.outcome)
        return None if time is None else int((self.received_at + time).timestamp())

    def to_item(self, kept: RecordRetention | None = None) -> dict[str, dict[str, str]]:
        """The record in the format of DynamoDB's low-level API."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        expires = self.expires(kept or RecordRetention())
        values |= {"version": self.version, "at": self.at, "day": self.day, "expires": expires}
        values["outcome_month"] = self.outcome_month
        return {
            name: {"N" if name in _NUMBERS else "S": _text(value)}
            for name, value in sorted(values.items())
            if value not in (None, "")
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Mapping[str, JsonValue]]) -> Record:
        """The record from the format of DynamoDB's low-level API; attributes of later versions are dropped."""
        values: dict[str, JsonValue] = {name: value["S"] for name, value in item.items() if name in _FIELDS}
        for name in _TIMES & values.keys():
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


_FIELDS = frozenset(field.name for field in fields(Record))
_TIMES = frozenset({"event_time", "received_at", "created_at"})


def outcome_months(outcome: Outcome, month: str) -> tuple[str, ...]:
    """The key values of the index by outcome that hold a month (`2026-11`) of an outcome."""
    partition = f"{outcome}#{month}"
    return tuple(f"{partition}#{shard}" for shard in range(SHARDS)) if outcome in EXPIRING else (partition,)


def key_of(*, event_time: datetime, event_id: str, outcome: Outcome, request_id: str) -> str:
    """Sort key of a record; sorts by the time of the event."""
    key = f"{_seconds(event_time)}#{event_id}#{outcome}"
    return f"{key}#{request_id}" if outcome == "failed" else key


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return (
            _seconds(value) if value.microsecond == 0 else f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
        )
    return printable(str(value))


def _seconds(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}Z"
