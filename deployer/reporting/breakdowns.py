"""Counts by OU, account, region, namespace, principal and reason: a table for each, with bars and trends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deployer.reporting.aggregation import DIMENSIONS, Aggregates, Dimension
from deployer.reporting.charts import strip, trend
from deployer.reporting.tallies import OUTCOMES, Tally
from deployer.words import counted
from handler.reasons import SENTENCES, Outcome

TOP = 8
"""Rows of a breakdown; one more row has the sum of all others."""

_TITLES: dict[Dimension, tuple[str, str]] = {
    "ou": ("Organizational unit", ""),
    "account": ("Account", ""),
    "region": ("Region", ""),
    "namespace": ("Namespace", "the first part of the name"),
    "principal": ("Principal", "sessions of a role together"),
    "reason": ("Reason", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key with its counts; `filter` is its value as a filter of the table, None for the sum of other keys."""

    name: str
    note: str
    filter: str | None
    tally: Tally
    bar: str
    trend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A breakdown by one dimension; `is_exact` is False if rare keys were merged while counting."""

    dimension: Dimension
    title: str
    note: str
    outcomes: Sequence[Outcome]
    rows: Sequence[Row] = field(default_factory=tuple)
    is_exact: bool = True


def outcomes_in(found: Aggregates) -> tuple[Outcome, ...]:
    """Outcomes that have a column: created, refused and failed always, the others if they occur."""
    return tuple(one for one in OUTCOMES if one in {"created", "refused", "failed"} or found.total[one])


def breakdowns(found: Aggregates) -> tuple[Table, ...]:
    """A table for each dimension that has counts."""
    return tuple(_breakdown(found, dimension) for dimension in DIMENSIONS if found.by[dimension].tallies)


def _breakdown(found: Aggregates, dimension: Dimension) -> Table:
    shown = outcomes_in(found)
    top, rest, others = found.by[dimension].top(TOP)
    longest = max(tally.total for _, tally in top)
    rows = [_row(dimension, key, tally, shown, longest) for key, tally in top]
    if rest.total:
        name = counted(others, "other")
        rows.append(Row(name=name, note="", filter=None, tally=rest, bar="", trend=trend(rest.buckets)))
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
        name=name or ("no namespace" if dimension == "namespace" else "not known"),
        note=note,
        filter=key or None,
        tally=tally,
        bar=strip({outcome: tally[outcome] for outcome in shown}, of=longest),
        trend=trend(tally.buckets),
    )


def _named(dimension: Dimension, key: str, tally: Tally) -> tuple[str, str]:
    """The display name of a key, and a note that distinguishes it from others of that name."""
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
