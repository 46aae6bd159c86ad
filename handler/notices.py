"""Notices: an event on the central bus for each decision that people or programs may want to react to.

Decisions with the outcomes created, refused and failed cause a notice; further layers of the same push do not. The
ledger is authoritative: a notice is sent once, after its record is written, and a failure to send it is only logged.

Messages for people only contain characters without a meaning in JSON, Slack or Teams, so a hostile repository name can
neither break the message nor mention a channel in it.
docs/schemas/notice.json is the schema of `detail`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from handler.reasons import LIMIT_REACHED, sentence_of
from handler.records import Record
from handler.text import clean

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "deployer"
DETAIL_TYPE = "ECR Repository Decision"
NOTABLE = ("created", "refused", "failed", "violation")
"""Outcomes that always cause a notice; `observed` does if the settings ask for it."""

_MAX_TEXT_LENGTH = 600
_FORBIDDEN = re.compile(r"[^A-Za-z0-9 .,:;'/()_+={}*-]")


class NotSentError(Exception):
    """EventBridge did not accept a notice."""


class Notices:
    """The central bus, accessed with the function's own role."""

    def __init__(self, client: Callable[[], EventBridgeClient], *, bus: str) -> None:
        self._client = client
        self._bus = bus

    def send(self, record: Record) -> None:
        """Send the notice of a decision; raises if EventBridge does not accept it."""
        response = self._client().put_events(
            Entries=[
                {
                    "EventBusName": self._bus,
                    "Source": SOURCE,
                    "DetailType": DETAIL_TYPE,
                    "Time": record.received_at,
                    "Resources": [record.repository_arn] if record.repository_arn else [],
                    "Detail": json.dumps(detail_of(record), separators=(",", ":")),
                }
            ]
        )
        if response["FailedEntryCount"]:
            entry = response["Entries"][0]
            raise NotSentError(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


def detail_of(record: Record) -> dict[str, object]:
    """`detail` of the notice, without absent values."""
    item = record.to_item()
    kept = {name: item[name]["S"] for name in _FIELDS if name in item}
    return {"version": record.version, **kept, "message": message_of(record)}


_FIELDS = (
    "outcome",
    "reason",
    "rule",
    "detail",
    "account",
    "account_name",
    "ou_path",
    "region",
    "repository",
    "repository_arn",
    "principal",
    "principal_account",
    "event_name",
    "event_id",
    "event_time",
    "created_at",
    "settings_digest",
    "action",
    "how",
    "engine",
)


def message_of(record: Record) -> dict[str, str]:
    """What happened, for people: a title (at most 250 characters, the limit of chats), the reason, and the caller."""
    name = safe(record.repository or "of an unreadable event", limit=100)
    location = f"{safe(record.account_name or record.account, limit=60)}, {record.region or 'unknown region'}"
    has_rule = record.rule and record.outcome in {"refused", "violation"}
    rule = f" Rule: {record.rule}." if has_rule else ""
    has_detail = record.detail and (record.outcome == "failed" or record.reason == LIMIT_REACHED)
    detail = f" {record.detail}" if has_detail else ""
    return {
        "title": safe(f"Repository {name} {_result(record)} in {location}", limit=250),
        "text": safe(f"{sentence_of(record.outcome, record.reason) or record.reason}{rule}{detail}"),
        "who": safe(f"{record.caller or 'unknown'} in account {record.account}, {record.ou_path or 'unknown OU'}"),
    }


def _result(record: Record) -> str:
    """The result in one or two words; a failed event may have created the repository nevertheless."""
    if record.outcome == "observed":
        return f"{record.action} ({record.how})"
    if record.outcome == "violation":
        return "created against the rules"
    if record.outcome != "failed":
        return record.outcome
    return "left unfinished" if record.repository_arn else "not created"


def safe(text: str, *, limit: int = _MAX_TEXT_LENGTH) -> str:
    """The text without characters that EventBridge does not escape, or that a chat reads as markup or a mention."""
    plain = clean(text, limit=limit).replace("`", "'").replace('"', "'").replace("://", ":/ /")
    return _FORBIDDEN.sub("_", plain[:limit])
