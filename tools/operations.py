"""docs/operations.md: the alarms from their catalogue and the reasons from the handler, within the prose of
tools/pages/operations.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from handler.reasons import MALFORMED_EVENT, NOT_A_PUSH, OU_NOT_ENABLED, SENTENCES
from templates.alarms import ABOVE, QUIET_CHANGES_NOTHING, QUIET_IS_BAD, QUIET_IS_GOOD, Alarm, catalogue
from templates.names import Names
from tools.page import render_page

WIDTH = 120
"""Columns of the page."""


_CODES = list(SENTENCES)
REFUSALS = _CODES[_CODES.index(OU_NOT_ENABLED) : _CODES.index(NOT_A_PUSH)]
FAILURES = _CODES[_CODES.index(MALFORMED_EVENT) :]
"""Reasons by what they lead to: `SENTENCES` has them in the order of outcomes."""


_QUIET = {
    QUIET_IS_GOOD: "",
    QUIET_CHANGES_NOTHING: "; while nothing is measured, it stays as it is",
    QUIET_IS_BAD: ", or nothing is measured, for which CloudWatch may look up to two periods further back",
}


def render(names: Names) -> str:
    """The page."""
    return render_page("operations", alarms=_alarms(names), refusals=_table(REFUSALS), failures=_table(FAILURES))


def _table(codes: Sequence[str]) -> str:
    return "\n".join(f"| `{code}` | {SENTENCES[code]} |" for code in codes)


def _alarms(names: Names) -> str:
    paragraphs = (
        text
        for alarm in catalogue(names)
        for text in (
            f"### `{names.alarm(alarm.name)}`",
            fill(f"{alarm.meaning} Goes off when {_condition(alarm)}.", width=WIDTH),
            fill(f"**What to do:** {alarm.action}", width=WIDTH),
        )
    )
    return "\n\n".join(paragraphs)


def _condition(alarm: Alarm) -> str:
    """When an alarm goes off, in the words of CloudWatch's own pages."""
    watched = {id_: f"{statistic} of `{metric.name}`" for id_, (metric, statistic) in alarm.metrics.items()}
    listed = ", ".join(f"{id_} being the {text}" for id_, text in watched.items())
    what = f"`{alarm.formula}` ({listed})" if alarm.formula else f"the {watched['m']}"
    beyond, of = alarm.periods
    minutes = int(alarm.period.total_seconds() // 60)
    often = f"in {beyond} of {of} periods of {minutes} minutes" if of > 1 else f"in {minutes} minutes"
    side = "above" if alarm.comparison == ABOVE else "below"
    return f"{what} is {side} {alarm.threshold:,.0f} {often}{_QUIET[alarm.quiet]}"
