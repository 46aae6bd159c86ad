"""Schedules that EventBridge accepts: rates, and cron expressions with six fields. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)")
_CRON = re.compile(r"cron\((.*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One field of a cron expression: its numbers, their names in order, and its other valid characters."""

    lowest: int
    highest: int
    names: Sequence[str] = ()
    special: str = r"(?!)"

    def takes(self, text: str) -> bool:
        return all(self._takes_item(item) for item in text.split(","))

    def _takes_item(self, item: str) -> bool:
        if item == "*" or re.fullmatch(self.special, item):
            return True
        span, slash, step = item.partition("/")
        if slash and not (step.isdigit() and int(step) > 0):
            return False
        return (bool(slash) and span == "*") or all(self._takes_value(value) for value in span.split("-", 1))

    def _takes_value(self, value: str) -> bool:
        return value.upper() in self.names or (value.isdigit() and self.lowest <= int(value) <= self.highest)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    _Field(lowest=0, highest=59),
    _Field(lowest=0, highest=23),
    _Field(lowest=1, highest=31, special=r"\?|L|LW|(?:[1-9]|[12]\d|3[01])W"),
    _Field(lowest=1, highest=12, names=_MONTHS),
    _Field(lowest=1, highest=7, names=_DAYS, special=r"\?|L|[1-7]L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]"),
    _Field(lowest=1970, highest=2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


def is_readable(schedule: str) -> bool:
    """Whether EventBridge accepts a schedule; one of the two fields for days must be `?`."""
    if _RATE.fullmatch(schedule):
        return True
    cron = _CRON.fullmatch(schedule)
    fields = cron[1].split(" ") if cron else []
    if len(fields) != len(_FIELDS):
        return False
    days = (fields[_DAY_OF_MONTH], fields[_DAY_OF_WEEK])
    return days.count("?") == 1 and all(field.takes(text) for field, text in zip(_FIELDS, fields, strict=True))
