"""docs/operations.md: the alarms from their catalogue and the reasons from the handler, within the prose of
tools/pages/operations.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from handler.reasons import MALFORMED_EVENT, NOT_A_PUSH, OU_NOT_ENABLED, REPOSITORY_CREATED, SENTENCES
from templates.alarms import catalogue
from templates.names import Names
from tools.page import render_page

_CODES = list(SENTENCES)
REFUSALS = _CODES[_CODES.index(OU_NOT_ENABLED) : _CODES.index(NOT_A_PUSH)]
FAILURES = _CODES[_CODES.index(MALFORMED_EVENT) : _CODES.index(REPOSITORY_CREATED)]
"""Reasons of refused and failed events; `SENTENCES` lists all reasons in the order of outcomes."""


def render(names: Names) -> str:
    """The page."""
    return render_page("operations", alarms=_alarms(names), refusals=_listed(REFUSALS), failures=_listed(FAILURES))


def _listed(codes: Sequence[str]) -> str:
    """The codes; what each means and what to do is in the output of the commands."""
    return ", ".join(f"`{code}`" for code in codes)


def _alarms(names: Names) -> str:
    """What each alarm means; its description in CloudWatch also has the next step."""
    return "\n".join(f"- `{names.alarm(alarm.name)}`: {alarm.meaning}" for alarm in catalogue(names))
