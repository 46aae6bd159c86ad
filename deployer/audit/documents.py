"""A record as a flat document with names beside ids and times in UTC ISO 8601: for JSON, CSV and Parquet. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from operator import attrgetter

from deployer.times import iso
from handler.records import Record

COLUMNS = (
    "event_time",
    "outcome",
    "reason",
    "account",
    "account_name",
    "ou_path",
    "ou_source",
    "region",
    "repository",
    "repository_arn",
    "principal",
    "principal_account",
    "rule",
    "detail",
    "event_name",
    "source_ip",
    "user_agent",
    "received_at",
    "created_at",
    "event_id",
    "envelope_id",
    "request_id",
    "settings_digest",
    "settings",
    "steps",
    "via",
    "action",
    "how",
    "engine",
)
"""In display order."""

TIMES = ("event_time", "received_at", "created_at")
_VALUES = attrgetter(*COLUMNS)
_JSON = frozenset({"settings", "steps"})


def flat(record: Record) -> dict[str, str | None]:
    """Every column as text; None for what is absent."""
    values = zip(COLUMNS, _VALUES(record), strict=True)
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in values}


def document(record: Record) -> dict[str, object]:
    """The same for JSON, with `settings` and `steps` as objects."""
    values = flat(record)
    return {name: json.loads(value) if value and name in _JSON else value for name, value in values.items()}
