"""Divides a time range into buckets of one unit, few enough for a readable chart. Pure; all times are UTC."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Unit = Literal["hour", "day", "week", "month"]

_LONGEST: tuple[tuple[Unit, timedelta], ...] = (
    ("hour", timedelta(days=3)),
    ("day", timedelta(days=100)),
    ("week", timedelta(days=700)),
)
"""The longest time range for each unit; longer ranges use months."""

_STEPS: dict[Unit, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Buckets:
    """The starts of consecutive buckets; the first may begin before the requested time."""

    unit: Unit
    starts: tuple[datetime, ...]

    def index(self, time: datetime) -> int:
        """The bucket that a time is in; for a time outside the range, the nearest one."""
        return max(bisect_right(self.starts, time) - 1, 0)

    def label(self, index: int) -> str:
        """The full name of a bucket, with its unit."""
        start = self.starts[index]
        match self.unit:
            case "hour":
                return f"{start:%Y-%m-%d %H}:00"
            case "day":
                return f"{start:%a %Y-%m-%d}"
            case "week":
                return f"week of {start:%Y-%m-%d}"
            case "month":
                return f"{start:%B %Y}"

    def tick(self, index: int) -> str:
        """The short name of a bucket, for the axis."""
        start = self.starts[index]
        match self.unit:
            case "hour":
                return f"{start.day} {start:%b %H}:00"
            case "day" | "week":
                return f"{start.day} {start:%b}"
            case "month":
                return f"{start:%b %Y}"


def buckets_of(since: datetime, until: datetime) -> Buckets:
    """Buckets for the time from `since` to `until`: whole hours, days, weeks from Monday, or months."""
    unit: Unit = next((unit for unit, longest in _LONGEST if until - since <= longest), "month")
    start = _start_of(since, unit)
    starts = [start]
    while (start := _next(start, unit)) < until:
        starts.append(start)
    return Buckets(unit, tuple(starts))


def _start_of(time: datetime, unit: Unit) -> datetime:
    hour = time.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    match unit:
        case "hour":
            return hour
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)


def _next(start: datetime, unit: Unit) -> datetime:
    if unit == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + _STEPS[unit]
