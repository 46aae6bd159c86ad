"""Time cut into buckets of one unit, as few as make a chart that can be read. Pure; all times are UTC."""

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
"""Each unit with the longest time that it is used for; months beyond."""

_STEPS: dict[Unit, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Buckets:
    """Starts of buckets that follow each other without a gap; the first may begin before the time asked for."""

    unit: Unit
    starts: tuple[datetime, ...]

    def index(self, time: datetime) -> int:
        """Which bucket a time is in; what is outside counts to the nearest."""
        return max(bisect_right(self.starts, time) - 1, 0)

    def label(self, index: int) -> str:
        """A bucket in words that say how long it is."""
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
        """A bucket in as few letters as the axis needs."""
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
