"""Times as people write them: `7d` ago, a day, or a moment; UTC, unless an offset is given. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

FORMS = "`90m`, `24h`, `7d` or `2w` ago, a day as 2026-11-23, or 2026-11-23T07:45 in UTC"

_LENGTH = re.compile(r"([0-9]{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = timedelta(days=1)


def parse_since(text: str, *, now: datetime) -> datetime:
    """The start of a time: for a day, its first moment. Raises ValueError for an invalid time."""
    return _parse(text, now=now)[0]


def parse_until(text: str, *, now: datetime) -> datetime:
    """The exclusive end of a time: for a day, its end. Raises ValueError for an invalid time."""
    return _parse(text, now=now)[1]


def parse_length(text: str) -> timedelta:
    """`90m`, `24h`, `7d` or `2w` as a duration. Raises ValueError for anything else."""
    match = _LENGTH.fullmatch(text)
    if not match:
        raise ValueError(f"{text} is not a duration: use 90m, 24h, 7d or 2w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def iso_or_none(moment: datetime | None) -> str | None:
    """`iso`, and null in JSON for a time that is not known."""
    return iso(moment) if moment else None


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second or the millisecond."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds' if utc.microsecond else 'seconds')[:-6]}Z"


def _parse(text: str, *, now: datetime) -> tuple[datetime, datetime]:
    try:
        if _LENGTH.fullmatch(text):
            moment = (now - parse_length(text)).replace(microsecond=0)
            return moment, moment
        if len(text) == len("2026-11-23"):
            begin = datetime.combine(date.fromisoformat(text), time(), UTC)
            return begin, begin + _DAY
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text} is not a time: use {FORMS}") from error
    return moment, moment
