"""A ledger of any size that is made up as it is read: record number i is always the same, and only numbers are kept.

Held as items, a million records would fill a gigabyte. Each value is made by itself, so that a filter costs no more
than the attribute that it looks at.
"""

from __future__ import annotations

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
        """One attribute of record number i, as its item has it; None where it has none."""
        make: Callable[[int], str | None] = getattr(self, attribute)
        return make(i)

    def item(self, i: int) -> dict[str, dict[str, str]]:
        """The whole item, with everything that the handler writes."""
        values = {name: self.value(i, name) for name in ATTRIBUTES}
        item = {name: {"S": value} for name, value in values.items() if value is not None}
        return item | {"version": {"N": "1"}}

    def seconds(self, i: int) -> int:
        return _BEGIN + i * (DAYS * 86_400) // self.number

    def event_time(self, i: int) -> str:
        return f"{_text(self.seconds(i))}Z"

    def received_at(self, i: int) -> str:
        return f"{_text(self.seconds(i) + 2)}.{_mix(i) % 900 + 50:03}Z"

    def created_at(self, i: int) -> str | None:
        return f"{_text(self.seconds(i) + 3)}.{_mix(i) % 900 + 50:03}Z" if self.outcome(i) == "created" else None

    def at(self, i: int) -> str:
        return f"{_text(self.seconds(i))}Z#{_uuid(i)}#{self.outcome(i)}" + self._round(i)

    def _round(self, i: int) -> str:
        return f"#{_uuid(i + 1)}" if self.outcome(i) == "failed" else ""

    def day(self, i: int) -> str:
        return _text(self.seconds(i))[:10]

    def outcome(self, i: int) -> str:
        mixed = _mix(i)
        return "failed" if mixed % 100 == 0 else _OUTCOMES[mixed % len(_OUTCOMES)]

    def outcome_month(self, i: int) -> str:
        outcome = self.outcome(i)
        shard = f"#{crc32(self.account(i).encode()) % 4}" if outcome in ("exists", "ignored") else ""
        return f"{outcome}#{self.day(i)[:7]}{shard}"

    def reason(self, i: int) -> str:
        reasons = _REASONS[self.outcome(i)]
        return reasons[_mix(i + 5) % len(reasons)]

    def account(self, i: int) -> str:
        return str(300_000_000_000 + _mix(i + 7) % ACCOUNTS)

    def account_name(self, i: int) -> str:
        return f"account-{_mix(i + 7) % ACCOUNTS}"

    def ou_path(self, i: int) -> str:
        return _OUS[_mix(i + 7) % len(_OUS)]

    def ou_source(self, i: int) -> str:
        return "asked"

    def region(self, i: int) -> str:
        return _REGIONS[_mix(i + 3) % len(_REGIONS)]

    def repository(self, i: int) -> str:
        return f"team-{_mix(i + 11) % 300}/service-{_mix(i + 13) % NAMES}"

    def repository_arn(self, i: int) -> str | None:
        if self.outcome(i) != "created":
            return None
        return f"arn:aws:ecr:{self.region(i)}:{self.account(i)}:repository/{self.repository(i)}"

    def principal(self, i: int) -> str:
        return f"arn:aws:sts::{self.account(i)}:assumed-role/ci-{_mix(i + 17) % PRINCIPALS}/build-{i}"

    def rule(self, i: int) -> str:
        return "create.names.allow: team-*/**"

    def event_name(self, i: int) -> str:
        return "InitiateLayerUpload"

    def source_ip(self, i: int) -> str:
        return "203.0.113.7"

    def user_agent(self, i: int) -> str:
        return _AGENT

    def event_id(self, i: int) -> str:
        return _uuid(i)

    def request_id(self, i: int) -> str:
        return _uuid(i + 1)

    def envelope_id(self, i: int) -> str:
        return _uuid(i + 2)

    def settings_digest(self, i: int) -> str:
        return "0" * 64

    def settings(self, i: int) -> str | None:
        return _SETTINGS if self.outcome(i) == "created" else None

    def steps(self, i: int) -> str | None:
        return None if self.outcome(i) in ("exists", "ignored") else _STEPS


_NO_ATTRIBUTES = frozenset({"item", "known_repository", "seconds", "value"})
ATTRIBUTES = tuple(name for name in vars(Records) if not name.startswith("_") and name not in _NO_ATTRIBUTES)


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
