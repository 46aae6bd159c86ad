"""The sections of the page with charts, and tables with the same numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deployer.reporting import wording
from deployer.reporting.aggregation import Aggregates, waited_seconds
from deployer.reporting.breakdowns import outcomes_in
from deployer.reporting.charts import Bars, ChartText, bar_chart
from deployer.reporting.consoles import repository_link
from deployer.reporting.waiting import FEWEST, bar_labels
from deployer.words import counted
from handler.reasons import Outcome
from handler.records import Record

_WIDE, _NARROW = (920, 10), (340, 4)
"""Width and number of ticks of a chart on a wide and on a narrow screen."""


class Figure(NamedTuple):
    """A number with its label and note."""

    label: str
    value: str
    note: str


class _Caption(NamedTuple):
    """The title and description of a chart, at any width."""

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
class FirstRow:
    """A row of the table as it is shown without JavaScript."""

    record: Record
    caller: str
    waited: str
    link: str | None


def figures(found: Aggregates) -> tuple[Figure, ...]:
    """The numbers at the top of the page."""
    accounts = sum(1 for tally in found.by["account"].tallies.values() if tally["created"])
    seen, wrong, new = found.observed_of_others, found.total["violation"], found.adoption.total
    by_ecr = f", {wording.count(new.by_ecr - wrong)} by ECR" if new.by_ecr > wrong else ""
    median = found.waiting.percentile(50)
    share = f"of {counted(new.total, 'new repository', 'new repositories')}"
    return (
        *(
            [Figure("Violations", wording.count(wrong), "repositories created by ECR against the rules")]
            if wrong
            else []
        ),
        Figure(
            "Created", wording.count(found.total["created"]), f"repositories in {counted(accounts, 'account')}{by_ecr}"
        ),
        Figure("Refused", wording.count(found.total["refused"]), "pushes, without retries"),
        Figure("Failed", wording.count(found.total["failed"]), "pushes, without retries"),
        Figure(
            "Median time",
            "n/a" if median is None else wording.seconds(median),
            f"for fewer than {FEWEST} repositories" if median is None else "from push to repository",
        ),
        *([Figure("By deployer", wording.percent(new.by_deployer, new.total), share)] if new.by_others else []),
        *([Figure("Observed", wording.count(seen), "created or deleted by others")] if seen else []),
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
    wide, narrow = _both(_Caption("over-time", "Decisions over time", description), parts, names=names, ticks=ticks)
    rows = [(name, [counts[index] for counts in parts.values()]) for index, name in enumerate(names)]
    return Chart(wide=wide, narrow=narrow, outcomes=shown, rows=rows)


def waiting(found: Aggregates) -> Chart:
    """The histogram of times from event to repository."""
    labels = bar_labels()
    description = "Bars, one for each range of times. " + "; ".join(
        f"{label}: {value:,}" for label, value in zip(labels, found.waiting.bars, strict=True)
    )
    caption = _Caption("waiting", "Time from push to repository", description)
    wide, narrow = _both(caption, {"created": found.waiting.bars}, names=labels, ticks=labels)
    rows = [(label, [value]) for label, value in zip(labels, found.waiting.bars, strict=True)]
    return Chart(wide=wide, narrow=narrow, outcomes=("created",), rows=rows)


def _both(
    caption: _Caption, parts: Mapping[Outcome, Sequence[int]], *, names: Sequence[str], ticks: Sequence[str]
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
            ChartText(id=f"{caption.id}-{width}", title=caption.title, description=caption.description),
        )
        for width, shown in (_WIDE, _NARROW)
    )
    return wide, narrow


def first_rows(found: Aggregates) -> list[FirstRow]:
    """The newest rows."""
    return [
        FirstRow(
            record=record,
            caller=_short(record.caller or "", record.account),
            waited=wording.seconds(waited) if (waited := waited_seconds(record)) is not None else "",
            link=repository_link(record.account, record.region or "", record.repository or "")
            if record.outcome in ("created", "violation")
            else None,
        )
        for record in found.rows.newest
    ]


def _short(principal: str, account: str) -> str:
    """The short name of a principal of the repository's own account; the full ARN for any other."""
    own = re.fullmatch(rf"arn:[^:]+:(iam|sts)::{account}:(?P<name>.+)", principal)
    return own["name"] if own else principal
