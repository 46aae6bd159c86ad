"""A ledger of any size that is made up as it is read: record number i is always the same, and only numbers are kept.

Held as items, a million records would fill a gigabyte. Each value is made by itself, so that a filter costs no more
than the attribute that it looks at.
"""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

END: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAYS: Final = 90
BEGIN: Final = END - timedelta(days=DAYS)

ACCOUNTS = 1_000
PRINCIPALS = 500
NAMES = 150_000

_OUTCOMES = ("created", "created", "created", "refused", "exists", "exists", "exists", "ignored")
_REASONS = {
    "created": ("created",),
    "refused": ("name-denied", "principal-not-allowed", "limit-reached"),
    "failed": ("access-denied", "kms-failed"),
    "exists": ("already-exists",),
    "ignored": ("not-a-push", "foreign-registry"),
}
_REGIONS = ("eu-west-1", "us-east-1", "eu-central-1", "ap-southeast-2")
_OUS = ("Workloads/Prod", "Workloads/Prod/Payments", "Workloads/Dev", "Infrastructure/Network", "Sandbox")
_SETTINGS = (
    '{"encryption":{"kms_key":null,"type":"AES256"},"image_tag_mutability":"IMMUTABLE","lifecycle_policy":'
    '{"file":"policies/expire-untagged.json","sha256":"' + "f" * 64 + '"},"mutability_exclusions":["latest"],'
    '"repository_policy":null,"scan_on_push":true,"tags":{"env":"prod"}}'
)
_STEPS = '{"organization":26.1,"role":8.2,"create":81.7,"policies":17.3,"total":140.9}'
_AGENT = "docker/27.3.1 go/go1.22.7 git-commit/41ca978 kernel/6.8.0 os/linux arch/amd64"

_SETTINGS_ITEM = f'"settings":{json.dumps({"S": _SETTINGS})}'
_STEPS_ITEM = f'"steps":{json.dumps({"S": _STEPS})},'
_CONSTANTS = json.dumps(
    {
        "event_name": {"S": "InitiateLayerUpload"},
        "ou_source": {"S": "asked"},
        "rule": {"S": "create.names.allow: team-*/**"},
        "settings_digest": {"S": "0" * 64},
        "source_ip": {"S": "203.0.113.7"},
        "user_agent": {"S": _AGENT},
        "version": {"N": "1"},
    }
)[1:-1]

_DAYS = [f"{BEGIN.date() + timedelta(days=day)}" for day in range(DAYS + 2)]
_MIDNIGHT = int(datetime.combine(BEGIN.date(), datetime.min.time(), UTC).timestamp())
_BEGIN = int(BEGIN.timestamp())


class Records:
    """So many records, the oldest first, and which of them each partition holds."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.partitions: dict[tuple[str, str], array[int]] = defaultdict(lambda: array("I"))
        for i in range(number):
            self.partitions["by-outcome", self.outcome_month(i)].append(i)
            self.partitions["table", self.account(i)].append(i)
            self.partitions["by-repository", self.repository(i)].append(i)

    @classmethod
    def known_repository(cls) -> str:
        """A name that a ledger of any size has."""
        return cls(1).repository(0)

    def value(self, i: int, attribute: str) -> str | None:
        """One attribute of record number i, as its item has it; None if it has none."""
        make: Callable[[int], str | None] = getattr(self, attribute)
        return make(i)

    def text(self, i: int) -> str:
        """The whole item as JSON, with everything that the handler writes; made in one go, since it is made often."""
        time, first, second, third = _text(self.seconds(i)), _uuid(i), _uuid(i + 1), _uuid(i + 2)
        outcome, account, name, region = self.outcome(i), self.account(i), self.repository(i), self.region(i)
        milliseconds = _mix(i) % 900 + 50
        made = ""
        if outcome == "created":
            arn = f"arn:aws:ecr:{region}:{account}:repository/{name}"
            created_at = f"{_text(self.seconds(i) + 3)}.{milliseconds:03}Z"
            made = f'"repository_arn":{{"S":"{arn}"}},"created_at":{{"S":"{created_at}"}},{_SETTINGS_ITEM},'
        steps = "" if outcome in ("exists", "ignored") else _STEPS_ITEM
        return (
            f'{{"account":{{"S":"{account}"}},"account_name":{{"S":"{self.account_name(i)}"}},{made}{steps}'
            f'"at":{{"S":"{time}Z#{first}#{outcome}{self._round(i)}"}},"day":{{"S":"{time[:10]}"}},'
            f'"envelope_id":{{"S":"{third}"}},"event_id":{{"S":"{first}"}},"request_id":{{"S":"{second}"}},'
            f'"event_time":{{"S":"{time}Z"}},"ou_path":{{"S":"{self.ou_path(i)}"}},"outcome":{{"S":"{outcome}"}},'
            f'"received_at":{{"S":"{_text(self.seconds(i) + 2)}.{milliseconds:03}Z"}},{_CONSTANTS},'
            f'"outcome_month":{{"S":"{self.outcome_month(i)}"}},"principal":{{"S":"{self.principal(i)}"}},'
            f'"principal_account":{{"S":"{account}"}},'
            f'"reason":{{"S":"{self.reason(i)}"}},"region":{{"S":"{region}"}},"repository":{{"S":"{name}"}}}}'
        )

    def seconds(self, i: int) -> int:
        return _BEGIN + i * (DAYS * 86_400) // self.number

    def at(self, i: int) -> str:
        return f"{_text(self.seconds(i))}Z#{_uuid(i)}#{self.outcome(i)}" + self._round(i)

    def _round(self, i: int) -> str:
        return f"#{_uuid(i + 1)}" if self.outcome(i) == "failed" else ""

    def outcome(self, i: int) -> str:
        mixed = _mix(i)
        return "failed" if mixed % 100 == 0 else _OUTCOMES[mixed % len(_OUTCOMES)]

    def outcome_month(self, i: int) -> str:
        outcome = self.outcome(i)
        shard = f"#{crc32(self.account(i).encode()) % 4}" if outcome in ("exists", "ignored") else ""
        return f"{outcome}#{_text(self.seconds(i))[:7]}{shard}"

    def reason(self, i: int) -> str:
        reasons = _REASONS[self.outcome(i)]
        return reasons[_mix(i + 5) % len(reasons)]

    def account(self, i: int) -> str:
        return str(300_000_000_000 + _mix(i + 7) % ACCOUNTS)

    def account_name(self, i: int) -> str:
        return f"account-{_mix(i + 7) % ACCOUNTS}"

    def ou_path(self, i: int) -> str:
        return _OUS[_mix(i + 7) % len(_OUS)]

    def region(self, i: int) -> str:
        return _REGIONS[_mix(i + 3) % len(_REGIONS)]

    def repository(self, i: int) -> str:
        return f"team-{_mix(i + 11) % 300}/service-{_mix(i + 13) % NAMES}"

    def principal(self, i: int) -> str:
        return f"arn:aws:sts::{self.account(i)}:assumed-role/ci-{_mix(i + 17) % PRINCIPALS}/build-{i}"


def _text(seconds: int) -> str:
    day, second = divmod(seconds - _MIDNIGHT, 86_400)
    return f"{_DAYS[day]}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _mix(i: int) -> int:
    """A number that looks random and is the same each time."""
    i = (i ^ 61) ^ (i >> 16)
    i = (i * 9) & 0xFFFFFFFF
    i ^= i >> 4
    i = (i * 0x27D4EB2D) & 0xFFFFFFFF
    return i ^ (i >> 15)


def _uuid(i: int) -> str:
    digits = f"{_mix(i):08x}{_mix(i + 1):08x}{_mix(i + 2):08x}{i:08x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
