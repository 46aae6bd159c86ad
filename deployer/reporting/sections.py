"""The parts of the page that hold charts: numbers, the charts that show them, and tables that say the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from deployer.reporting import wording
from deployer.reporting.aggregation import DIMENSIONS, Aggregates, Dimension, waited_seconds
from deployer.reporting.charts import Bars, Words, bar_chart, strip, trend
from deployer.reporting.consoles import repository_link
from deployer.reporting.tallies import OUTCOMES, Tally
from deployer.reporting.waiting import bar_labels
from handler.reasons import SENTENCES, Outcome
from handler.records import Record

TOP = 8
"""Rows of a breakdown; all others are one more row."""

_WIDE, _NARROW = (920, 10), (340, 4)
"""Width and number of ticks of a chart on a desk, and in a hand."""

_TITLES: dict[Dimension, tuple[str, str]] = {
    "ou": ("Organizational unit", ""),
    "account": ("Account", ""),
    "region": ("Region", ""),
    "namespace": ("Namespace", "the first part of the name"),
    "principal": ("Principal", "sessions of a role together"),
    "reason": ("Reason", ""),
}
_UNSAID: dict[Dimension, str] = {
    "ou": "not known",
    "account": "not known",
    "region": "not known",
    "namespace": "no namespace",
    "principal": "not known",
    "reason": "not known",
}


class Figure(NamedTuple):
    """A number that stands for itself."""

    label: str
    value: str
    note: str


class _Story(NamedTuple):
    """What a chart tells, in words."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart in two widths, and its numbers."""

    wide: str
    narrow: str
    outcomes: Sequence[Outcome]
    rows: Sequence[tuple[str, Sequence[int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key with its counts; `filter` is what the table is to be filtered by, None for what is put together."""

    name: str
    note: str
    filter: str | None
    tally: Tally
    bar: str
    trend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A breakdown by one dimension; `is_exact` is False where rare keys were put together while counting."""

    dimension: Dimension
    title: str
    note: str
    outcomes: Sequence[Outcome]
    rows: Sequence[Row] = field(default_factory=tuple)
    is_exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRow:
    """A row of the table as it is shown without the script."""

    record: Record
    caller: str
    waited: str
    link: str | None


def outcomes_in(found: Aggregates) -> tuple[Outcome, ...]:
    """Outcomes that have a column: the three that matter, and others where there are any."""
    return tuple(one for one in OUTCOMES if one in {"created", "refused", "failed"} or found.total[one])


def figures(found: Aggregates) -> tuple[Figure, ...]:
    """What stands at the top."""
    accounts = sum(1 for tally in found.by["account"].tallies.values() if tally["created"])
    asked = found.total["created"] + found.total["refused"] + found.total["failed"]
    share = f"{found.total['refused'] / asked:.1%} of what was decided" if asked else ""
    return (
        Figure(
            "Created", wording.count(found.total["created"]), f"in {wording.counted(accounts, 'account', 'accounts')}"
        ),
        Figure("Refused", wording.count(found.total["refused"]), share),
        Figure("Failed", wording.count(found.total["failed"]), ""),
        Figure(
            "Median time",
            wording.seconds(found.waiting.percentile(50)) if found.waiting.count else "n/a",
            "from push to repository",
        ),
    )


def over_time(found: Aggregates) -> Chart:
    """Decisions by bucket of time."""
    shown = outcomes_in(found)
    size = range(len(found.buckets.starts))
    names = [found.buckets.label(index) for index in size]
    ticks = [found.buckets.tick(index) for index in size]
    parts = {outcome: found.over_time.counts[outcome] for outcome in shown}
    peak = max(size, key=lambda index: sum(counts[index] for counts in parts.values()))
    description = (
        f"Stacked bars, one for each {found.buckets.unit}, from {names[0]} to {names[-1]}; "
        f"the highest is {names[peak]} with {sum(counts[peak] for counts in parts.values()):,}. "
        "The table below has all numbers."
    )
    wide, narrow = _both(_Story("over-time", "Decisions over time", description), parts, names=names, ticks=ticks)
    rows = [(name, [counts[index] for counts in parts.values()]) for index, name in enumerate(names)]
    return Chart(wide=wide, narrow=narrow, outcomes=shown, rows=rows)


def waiting(found: Aggregates) -> Chart:
    """The histogram of times from event to repository."""
    labels = bar_labels()
    description = "Bars, one for each range of times. " + "; ".join(
        f"{label}: {value:,}" for label, value in zip(labels, found.waiting.bars, strict=True)
    )
    story = _Story("waiting", "Time from push to repository", description)
    wide, narrow = _both(story, {"created": found.waiting.bars}, names=labels, ticks=labels)
    rows = [(label, [value]) for label, value in zip(labels, found.waiting.bars, strict=True)]
    return Chart(wide=wide, narrow=narrow, outcomes=("created",), rows=rows)


def _both(
    story: _Story, parts: Mapping[Outcome, Sequence[int]], *, names: Sequence[str], ticks: Sequence[str]
) -> tuple[str, str]:
    wide, narrow = (
        bar_chart(
            Bars(
                parts={str(outcome): values for outcome, values in parts.items()},
                names=names,
                ticks=ticks,
                ticks_shown=shown,
                width=width,
            ),
            Words(id=f"{story.id}-{width}", title=story.title, description=story.description),
        )
        for width, shown in (_WIDE, _NARROW)
    )
    return wide, narrow


def breakdowns(found: Aggregates) -> tuple[Table, ...]:
    """A table for each dimension that has more to say than nothing."""
    return tuple(_breakdown(found, dimension) for dimension in DIMENSIONS if found.by[dimension].tallies)


def _breakdown(found: Aggregates, dimension: Dimension) -> Table:
    shown = outcomes_in(found)
    top, rest, others = found.by[dimension].top(TOP)
    longest = max(tally.total for _, tally in top)
    rows = [_row(dimension, key, tally, shown, longest) for key, tally in top]
    if rest.total:
        rows.append(Row(name=f"{others:,} others", note="", filter=None, tally=rest, bar="", trend=trend(rest.buckets)))
    title, note = _TITLES[dimension]
    return Table(
        dimension=dimension,
        title=title,
        note=note,
        outcomes=shown,
        rows=rows,
        is_exact=found.by[dimension].is_exact,
    )


def _row(dimension: Dimension, key: str, tally: Tally, shown: Sequence[Outcome], longest: int) -> Row:
    name, note = _named(dimension, key, tally)
    return Row(
        name=name or _UNSAID[dimension],
        note=note,
        filter=key or None,
        tally=tally,
        bar=strip({outcome: tally[outcome] for outcome in shown}, of=longest),
        trend=trend(tally.buckets),
    )


def _named(dimension: Dimension, key: str, tally: Tally) -> tuple[str, str]:
    """What people call a key, and what tells it from others."""
    match dimension:
        case "account" if tally.label:
            return tally.label, key
        case "principal" if key.startswith("arn:") and key.count(":") >= 5:
            *_, account, name = key.split(":", 5)
            return name, account
        case "reason":
            return key, SENTENCES.get(key, "")
        case _:
            return key, ""


def first_rows(found: Aggregates) -> list[FirstRow]:
    """The newest rows."""
    return [
        FirstRow(
            record=record,
            caller=_short(record.principal or "", record.account),
            waited=wording.seconds(waited) if (waited := waited_seconds(record)) is not None else "",
            link=repository_link(record.account, record.region or "", record.repository or "")
            if record.outcome == "created"
            else None,
        )
        for record in found.rows.newest
    ]


def _short(principal: str, account: str) -> str:
    """A principal of the repository's own account without what goes without saying; a stranger's in full."""
    own = re.fullmatch(rf"arn:[^:]+:(iam|sts)::{account}:(?P<name>.+)", principal)
    return own["name"] if own else principal
