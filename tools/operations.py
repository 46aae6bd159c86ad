"""docs/operations.md: the alarms from their catalogue and the reasons from the handler, within the prose of
tools/pages/operations.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from handler.reasons import MALFORMED_EVENT, NOT_A_PUSH, OU_NOT_ENABLED, REPOSITORY_CREATED, SENTENCES
from templates.alarms import ABOVE, Alarm, catalogue
from templates.names import Names
from tools.page import render_page

WIDTH = 120
"""Columns of the page."""


_CODES = list(SENTENCES)
REFUSALS = _CODES[_CODES.index(OU_NOT_ENABLED) : _CODES.index(NOT_A_PUSH)]
FAILURES = _CODES[_CODES.index(MALFORMED_EVENT) : _CODES.index(REPOSITORY_CREATED)]
"""Reasons of refused and failed events; `SENTENCES` lists all reasons in the order of outcomes."""


def render(names: Names) -> str:
    """The page."""
    return render_page("operations", alarms=_alarms(names), refusals=_table(REFUSALS), failures=_table(FAILURES))


def _table(codes: Sequence[str]) -> str:
    """What happened; what to do is in the output of the commands."""
    return "\n".join(f"| `{code}` | {SENTENCES[code].partition(';')[0].removesuffix('.')} |" for code in codes)


def _alarms(names: Names) -> str:
    paragraphs = (
        text
        for alarm in catalogue(names)
        for text in (
            f"### `{names.alarm(alarm.name)}`",
            fill(f"{alarm.meaning} Condition: {_condition(alarm)}.", width=WIDTH, break_on_hyphens=False),
            fill(f"**What to do:** {alarm.action}", width=WIDTH, break_on_hyphens=False),
        )
    )
    return "\n\n".join(paragraphs)


def _condition(alarm: Alarm) -> str:
    """When an alarm goes off, in CloudWatch's terms."""
    metrics = {id_: f"{statistic} of `{metric.name}`" for id_, (metric, statistic) in alarm.metrics.items()}
    listed = "; ".join(f"{id_}: {text}" for id_, text in metrics.items())
    what = f"`{alarm.formula}` ({listed})" if alarm.formula else metrics["m"]
    datapoints, evaluated = alarm.periods
    minutes = int(alarm.period.total_seconds() // 60)
    often = f"in {datapoints} of {evaluated} periods of {minutes} minutes" if evaluated > 1 else f"in {minutes} minutes"
    side = "above" if alarm.comparison == ABOVE else "below"
    return f"{what} {side} {alarm.threshold:,.0f} {often}"
