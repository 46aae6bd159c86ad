"""The outcome of a roll-out as Markdown, for the summary of a step in GitHub Actions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deployer.errors import DeployerError
from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.rendering.outcome import NO_REASON, places
from deployer.rendering.scopes import scope_text
from deployer.rollout.causes import Cause, causes
from deployer.rollout.result import RolloutResult
from deployer.words import account_names

LARGEST = 1024 * 1024
"""Bytes that GitHub takes for all of a step; more than that fails to upload.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""
FEW = 3
"""So many accounts have OU, regions and StackSet in a row."""
_LEFT_OUT = "\nMore than GitHub shows; the log of this step has everything.\n"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def outcome_markdown(outcome: RolloutResult, plan: Plan, organization: Organization) -> Iterator[str]:
    """Lines: result, counts, then one row for each cause of failures, the most frequent first."""
    yield f"## deployer rollout: {'succeeded' if outcome.exit_code == 0 else 'failed'}"
    yield ""
    yield f"Scope: {_escaped(scope_text(plan.scope, organization))}"
    yield ""
    yield "| created | updated | deleted | unchanged | skipped | failed |"
    yield "| --: | --: | --: | --: | --: | --: |"
    numbers = (outcome.created, outcome.updated, outcome.deleted, outcome.unchanged, len(outcome.skipped),
               len(outcome.failures))  # fmt: skip
    yield f"| {' | '.join(f'{number:,}' for number in numbers)} |"
    if outcome.error is not None:
        yield from _error(outcome.error)
    if outcome.failures:
        yield from ("", "| failures | accounts | why | what to do | where |", "| --: | --: | --- | --- | --- |")
        yield from (_cause(cause, organization) for cause in causes(outcome.failures))
    if outcome.not_run:
        yield from ("", "Not run:", "", *(f"- {_escaped(step)}" for step in outcome.not_run))


def error_markdown(error: DeployerError) -> Iterator[str]:
    """Lines for a roll-out that an error stopped."""
    yield f"## deployer rollout: stopped (exit code {error.exit_code})"
    yield from _error(error)


def bounded(lines: Iterable[str], *, room: int) -> str:
    """As many lines as fit into so many bytes, with a note if some do not; nothing if not even the note fits."""
    found: list[str] = []
    left = room - len(_LEFT_OUT)
    for line in lines:
        left -= len(line.encode(errors="replace")) + 1
        if left < 0:
            return "".join((*found, _LEFT_OUT)) if room >= len(_LEFT_OUT) else ""
        found.append(f"{line}\n")
    return "".join(found)


def _error(error: DeployerError) -> Iterator[str]:
    yield from ("", _escaped(error.message))
    if error.next_step:
        yield from ("", _escaped(error.next_step))


def _cause(cause: Cause, organization: Organization) -> str:
    """One row, whatever the number of accounts; of many, only some are named."""
    accounts = sorted({failure.account for failure in cause.failures})
    where = "; ".join(places(cause, organization)) if len(accounts) <= FEW else account_names(organization, accounts)
    cells = (f"{len(cause.failures):,}", f"{len(accounts):,}", cause.reason or NO_REASON, cause.next_step(), where)
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
