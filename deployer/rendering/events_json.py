"""Events of a roll-out or a removal as JSON documents, one for each event, for JSON Lines. Pure.

docs/rollout.md lists all, and docs/schemas/rollout-events.json is their schema.
Ids have names and OU paths beside them.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from deployer.errors import DeployerError
from deployer.organization import Organization
from deployer.rendering.plan_json import outcome_values, place
from deployer.rendering.removal import removal_values
from deployer.rendering.suspended import skipped_results
from deployer.rollout.operation_ids import author
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
from deployer.rollout.result import RolloutResult
from deployer.stack_sets import Operation
from deployer.times import iso, iso_or_none

Document = dict[str, object]
VERSION = 1
"""Raised if a field is removed or changes its meaning; new events and fields may come without that."""


def event_document(event: Event, organization: Organization, *, at: datetime) -> Document:
    """One event with its name and the time at which it was reported."""
    name, values = _named(event, organization)
    return _document(name, at, **values)


def _named(event: Event, organization: Organization) -> tuple[str, Document]:
    found: tuple[str, Document]
    match event:
        case StepStarted():
            found = "step-started", {"step": event.step}
        case StepEnded():
            found = "step-ended", {"step": event.step, "error": event.error, "failed": event.failed}
        case StackProgress():
            found = "stack-event", asdict(event.event)
        case OperationStarted():
            found = (
                "operation-started",
                {
                    "stack_set": event.stack_set,
                    "operation": event.operation_id,
                    "action": event.action,
                    "instances": event.instances,
                },
            )
        case OperationAttached():
            found = "operation-attached", {"stack_set": event.stack_set, **_operation(event.operation)}
        case OperationWaitedFor():
            how_far = {"over": event.over, "instances": event.total}
            found = "operation-waited-for", {"stack_set": event.stack_set, **_operation(event.operation), **how_far}
        case OperationProgress():
            found = "operation-progress", _progress(event, organization)
    return found


def _progress(event: OperationProgress, organization: Organization) -> Document:
    return {
        "stack_set": event.stack_set,
        **_operation(event.operation),
        "counts": event.counts.by_status,
        "skipped": len(skipped_results(event, organization)),
        "changed": [
            {
                **place(organization, result.account),
                "region": result.region,
                "status": result.status,
                "reason": result.reason,
            }
            for result in event.changed
        ],
    }


def ended_document(outcome: RolloutResult, organization: Organization, *, at: datetime) -> Document:
    """The end of a roll-out."""
    return _document("rollout-ended", at, **outcome_values(outcome, organization))


def removal_ended_document(outcome: RolloutResult, organization: Organization, *, at: datetime) -> Document:
    """The end of a removal."""
    return _document("destroy-ended", at, **removal_values(outcome, organization))


def warning_document(message: str, *, at: datetime) -> Document:
    """What went wrong beside the roll-out, and does not change its exit code."""
    return _document("warning", at, message=message)


def error_document(error: DeployerError, *, at: datetime) -> Document:
    """What stopped a command."""
    return _document("error", at, message=error.message, next_step=error.next_step, exit_code=error.exit_code)


def _document(name: str, at: datetime, **values: object) -> Document:
    return {"version": VERSION, "time": iso(at), "event": name, **values}


def _operation(operation: Operation) -> Document:
    return {
        "operation": operation.id,
        "action": operation.action,
        "status": operation.status,
        "started": iso_or_none(operation.started),
        "started_by": author(operation.id),
    }
