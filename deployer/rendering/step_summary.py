"""The outcome of a roll-out as Markdown, for the summary of a step in GitHub Actions. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from deployer.errors import DeployerError
from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.rendering.scopes import scope_text
from deployer.rollout.causes import Cause, causes
from deployer.rollout.result import RolloutResult
from deployer.words import account_name, account_path, counted

LARGEST = 1024 * 1024
"""Bytes that GitHub takes for all of a step; more than that fails to upload.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""
_LEFT_OUT = "\nMore than GitHub shows; the log of this step has everything.\n"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def outcome_markdown(outcome: RolloutResult, plan: Plan, organization: Organization) -> Iterator[str]:
    """Lines: result, counts, then failures by cause, the most frequent first."""
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
    for cause in causes(outcome.failures):
        yield from _cause(cause, organization)
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


def _cause(cause: Cause, organization: Organization) -> Iterator[str]:
    yield from ("", f"**{counted(len(cause.failures), 'failure')}**: {_escaped(cause.reason)}", "")
    places: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for failure in cause.failures:
        places[account_path(organization, failure.account), failure.account, failure.stack_set].append(failure.region)
    for (path, account, stack_set), regions in sorted(places.items()):
        text = f"{path}: {account_name(organization, account)} in {', '.join(regions)} ({stack_set})"
        yield f"- {_escaped(text)}"
    yield from ("", _escaped(cause.next_step()))


def _escaped(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
