"""Events of a roll-out as plain lines, without repetition. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from deployer.organization import Organization
from deployer.rendering.suspended import skipped_results, skipped_text
from deployer.rendering.text import Line, wrapped
from deployer.rollout.causes import shortened
from deployer.rollout.operations import describe_operation
from deployer.rollout.progress import (
    Event,
    OperationAttached,
    OperationProgress,
    OperationStarted,
    OperationWaitedFor,
    StackProgress,
    StepEnded,
    StepStarted,
)
from deployer.stack_sets import InstanceResult
from deployer.words import account_name, account_path, counted

_WORDS = {"CREATE": "creating", "UPDATE": "updating", "DELETE": "deleting", "DETECT_DRIFT": "drift detection"}
_TONES = {"SUCCEEDED": "add", "FAILED": "bad"}


def event_lines(event: Event, organization: Organization) -> Iterator[Line]:
    """Lines for one event."""
    match event:
        case StepStarted():
            yield from wrapped(f"{event.step} …", indent=0, tone="heading")
        case StepEnded():
            yield from _end(event)
        case StackProgress(event=change):
            if change.is_failure or not change.status.endswith("_IN_PROGRESS"):
                reason = f": {change.reason}" if change.reason and change.is_failure else ""
                yield Line(f"  {change.logical_id} {change.status}{reason}", "bad" if change.is_failure else "")
        case OperationStarted():
            what = _WORDS.get(event.action, event.action.lower())
            yield from wrapped(f"{event.stack_set}: {what} {counted(event.instances, 'instance')}, operation", indent=2)
            yield Line(f"    {event.operation_id}")
        case OperationAttached():
            yield from wrapped(
                f"{event.stack_set}: following {describe_operation(event.operation)}", indent=2, tone="change"
            )
        case OperationProgress():
            yield from _progress(event, organization)
        case OperationWaitedFor():
            busy = describe_operation(event.operation, over=event.over, total=event.total)
            yield from wrapped(f"{event.stack_set}: waiting for {busy}", indent=2, tone="change")


def _end(step: StepEnded) -> list[Line]:
    if step.error is not None:
        return wrapped(f"{step.step}: {step.error}", indent=0, tone="bad")
    if step.failed:
        return wrapped(f"{step.step}: ended, but {counted(step.failed, 'instance')} failed", indent=0, tone="bad")
    return wrapped(f"{step.step}: done", indent=0, tone="add")


def _progress(event: OperationProgress, organization: Organization) -> Iterator[Line]:
    counts = event.counts
    skipped = skipped_results(event, organization)
    for result in event.changed:
        if result.status in {"SUCCEEDED", "FAILED"} and result.key not in skipped:
            yield from _instance(result, organization)
    cancelled = sum(result.status == "CANCELLED" for result in event.changed)
    if cancelled:
        yield Line(f"    {counted(cancelled, 'instance')} cancelled, after failures elsewhere", "quiet")
    if event.operation.is_over and skipped:
        yield from wrapped(skipped_text(organization, skipped), indent=4, tone="quiet")
    if event.operation.is_over and not skipped and (text := _beyond_plan(event, organization)):
        yield from wrapped(text, indent=4, tone="quiet")
    if not event.operation.is_over and _passes_a_tenth(event):
        yield Line(f"    {counts.completed:,} of {counts.total:,} instances finished, {counts.failed:,} failed")
    if event.operation.is_over:
        text = f"{event.operation.status}, {counts.completed:,} of {counts.total:,} instances finished"
        failed = sum(result.status == "FAILED" and result.key not in skipped for result in event.results)
        text += f", {failed:,} failed" if failed else ""
        has_succeeded = event.operation.status == "SUCCEEDED" and not failed
        yield from wrapped(f"{event.stack_set}: {text}", indent=2, tone="add" if has_succeeded else "bad")


def _beyond_plan(event: OperationProgress, organization: Organization) -> str:
    """A note if an operation ends with more instances than it began with: AWS counts those that it skips, unlisted."""
    more = event.counts.total - (event.counts.total if event.planned is None else event.planned)
    if more <= 0 or event.operation.retain_stacks:
        return ""
    has_inactive = any(not account.is_active for account in organization.accounts.values())
    such = ", such as those of suspended accounts, which it skips" if has_inactive else ""
    return f"AWS counts {counted(more, 'instance')} more than planned{such}"


def _passes_a_tenth(event: OperationProgress) -> bool:
    """Ten lines for an operation of any size. Without AWS's counts, each instance has a line."""
    if event.operation.counts is None or not event.counts.total:
        return False
    tenths = [10 * completed // event.counts.total for completed in (event.completed_before, event.counts.completed)]
    return tenths[1] > tenths[0]


def _instance(result: InstanceResult, organization: Organization) -> list[Line]:
    where = f"{account_path(organization, result.account)}: {account_name(organization, result.account)}"
    text = f"{result.status} {where} in {result.region}"
    if result.status == "FAILED":
        return wrapped(f"{text}: {shortened(result.reason) or 'no reason given'}", indent=4, tone="bad")
    return wrapped(text, indent=4)
