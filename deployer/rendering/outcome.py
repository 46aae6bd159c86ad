"""The closing summary of a roll-out: what is done, unchanged, skipped, failed and not run, and the next step. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from deployer.organization import Organization
from deployer.planning.plan import Plan
from deployer.rendering.scopes import scope_text
from deployer.rendering.suspended import skipped_text
from deployer.rendering.text import Line, wrapped
from deployer.rollout.advice import AGAIN as ONLY_FAILED
from deployer.rollout.causes import Cause, causes
from deployer.rollout.result import RolloutResult
from deployer.words import SHOWN, account_name, account_names, account_path, counted

AGAIN = (
    "Remove the cause, then `deployer rollout --only-failed` retries only those, and `deployer rollout --resume`"
    " continues with the rest."
)
UNFINISHED = "An earlier roll-out is still unfinished: continue it with `deployer rollout --resume`."
INOPERABLE = (
    "AWS leaves INOPERABLE instances out of every update. Take each out of its StackSet first:"
    " `deployer docs troubleshooting`, section `INOPERABLE`."
)

NO_REASON = "AWS gives no reason"


def outcome_lines(
    outcome: RolloutResult, plan: Plan, organization: Organization, *, is_unfinished: bool = False
) -> list[Line]:
    """The summary, with the worst last, next to the prompt. `is_unfinished`: an earlier roll-out has more to do."""
    skipped = sum(len(skip.accounts) for skip in plan.skips)
    changed = f"{outcome.created:,} created, {outcome.updated:,} updated, {outcome.deleted:,} deleted"
    lines = [
        Line("Summary", "heading"),
        Line(f"  done       {counted(len(outcome.done), 'step')}; instances: {changed}"),
        Line(f"  unchanged  {counted(outcome.unchanged, 'instance')}"),
        Line(f"  left out   {counted(skipped, 'account')}, with the reasons in the plan"),
        Line(f"  failed     {counted(len(outcome.failures), 'instance')}", "bad" if outcome.failures else ""),
        Line(f"  not run    {counted(len(outcome.not_run), 'step')}", "bad" if outcome.not_run else ""),
    ]
    if outcome.skipped:
        lines[4:4] = wrapped(f"left alone {skipped_text(organization, outcome.skipped)}", indent=2, tone="quiet")
    for step in outcome.not_run:
        lines += wrapped(step, indent=4, tone="quiet")
    for cause in causes(outcome.failures):
        lines += cause_lines(cause, organization, again=ONLY_FAILED)
    if any(failure.is_inoperable for failure in outcome.failures):
        lines += wrapped(INOPERABLE, indent=0, tone="bad")
    if outcome.error is not None:
        lines += wrapped(f"Stopped: {outcome.error.message}", indent=0, tone="bad")
        lines += wrapped(outcome.error.next_step or AGAIN, indent=2)
    elif outcome.failures:
        lines += wrapped(AGAIN, indent=0)
    else:
        scope = scope_text(plan.scope, organization)
        lines += wrapped(f"Every desired stack instance of {scope} is CURRENT.", indent=0, tone="add")
    return lines + (wrapped(UNFINISHED, indent=0) if is_unfinished else [])


def url_lines(url: str) -> list[Line]:
    """The handler's function URL, and what it is for."""
    return [
        Line("Function URL:"),
        Line(url),
        Line("Set DEPLOYER_URL to it for `deployer ensure`, `deployer push` and ensure.sh."),
        Line("It can also be ensure.url in organization.yaml, for pushes with these files."),
    ]


def cause_lines(cause: Cause, organization: Organization, *, again: str) -> Iterator[Line]:
    """A cause in AWS's words, what to do about it, and its accounts; `again` is the command that retries it."""
    accounts = sorted({failure.account for failure in cause.failures})
    count = counted(len(cause.failures), "failure")
    where = f" in {counted(len(accounts), 'account')}" if len(accounts) > 1 else ""
    yield from wrapped(f"{count}{where}: {cause.reason or NO_REASON}", indent=2, tone="bad")
    yield from wrapped(cause.next_step(again=again), indent=6)
    yield from place_lines(cause, organization, rest="`deployer status --instances` lists all")


def place_lines(cause: Cause, organization: Organization, *, rest: str) -> Iterator[Line]:
    """The accounts of a cause: a few with OU, regions and StackSet, many by name alone; `rest` names what lists all."""
    accounts = sorted({failure.account for failure in cause.failures})
    if len(accounts) > SHOWN:
        yield from wrapped(f"{account_names(organization, accounts)}; {rest}", indent=6)
        return
    for text in places(cause, organization):
        yield from wrapped(text, indent=6)


def places(cause: Cause, organization: Organization) -> Iterator[str]:
    """`Workloads/Prod: shop-prod (300000000001) in eu-west-1, us-east-1 (deployer-access)` for each account."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for failure in cause.failures:
        found[account_path(organization, failure.account), failure.account, failure.stack_set].append(failure.region)
    for (path, account, stack_set), regions in sorted(found.items()):
        yield f"{path}: {account_name(organization, account)} in {', '.join(regions)} ({stack_set})"
