"""Formats numbers and times for the report, and writes its summary. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from deployer.reporting.aggregation import Aggregates
from deployer.reporting.waiting import FEWEST
from deployer.words import counted


def count(number: int) -> str:
    """A number with thousands separators."""
    return f"{number:,}"


def percent(part: int, whole: int) -> str:
    """A share in whole percent, rounded down: less than all is never 100 %; n/a of nothing."""
    return f"{100 * part // whole} %" if whole else "n/a"


def day(time: datetime) -> str:
    """A day, such as 5 November 2026."""
    return f"{time.day} {time:%B %Y}"


def date(time: datetime) -> str:
    """ISO 8601 of the day, in UTC."""
    return f"{time:%Y-%m-%d}"


def minute(time: datetime) -> str:
    """ISO 8601 to the minute, in UTC."""
    return f"{time:%Y-%m-%d %H:%M}"


def seconds(value: float | None) -> str:
    """A duration in seconds, minutes or hours."""
    if value is None:
        return "no time"
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def period(since: datetime, until: datetime) -> str:
    """The days from `since` to `until`, which is not included."""
    last = until - timedelta(microseconds=1)
    if since.date() == last.date():
        return f"On {day(since)}"
    return f"From {day(since)} to {day(last)}"


def lede(found: Aggregates) -> str:
    """The summary of the report, in up to three sentences."""
    when = period(found.since, found.until)
    if not found.count:
        return f"{when} no record matches this report's filters."
    sentences = [f"{when}, {_results(found)}."]
    if found.waiting.count >= FEWEST:
        half, most = (seconds(found.waiting.percentile(percent)) for percent in (50, 99))
        sentences.append(f"Half of the new repositories existed within {half} of the push, 99 of 100 within {most}.")
    return " ".join(sentences)


def _results(found: Aggregates) -> str:
    created, refused, failed = (found.total[outcome] for outcome in ("created", "refused", "failed"))
    accounts = sum(1 for tally in found.by["account"].tallies.values() if tally["created"])
    parts = []
    if created:
        location = counted(accounts, "account")
        parts.append(f"{counted(created, 'repository was', 'repositories were')} created in {location}")
    if refused:
        parts.append(f"{counted(refused, 'push was', 'pushes were')} refused")
    if failed:
        parts.append(f"{counted(failed, 'push', 'pushes')} failed")
    if violations := found.total["violation"]:
        parts.append(f"{counted(violations, 'repository was', 'repositories were')} created by ECR against the rules")
    if observed := found.observed_of_others:
        what = counted(observed, "repository was", "repositories were")
        parts.append(f"{what} created or deleted by others")
    if not parts:
        parts.append(f"{counted(found.count, 'event')} needed no decision")
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
