"""Times as people give them to a command: a moment in UTC, a day, or how long ago. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

FORMS = "2026-01-31, 2026-01-31T12:00Z, or how long ago: 90m, 36h, 7d"

_AGO = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def parse_time(text: str, *, now: datetime) -> datetime:
    """The moment that is meant, in UTC; a time without a zone is UTC already. Raises ValueError, saying the forms."""
    try:
        if ago := _AGO.fullmatch(text):
            return (now - int(ago["number"]) * _UNITS[ago["unit"]]).replace(microsecond=0)
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time; write {FORMS}") from error
