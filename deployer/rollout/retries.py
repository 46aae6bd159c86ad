"""Retries a roll-out whose failures are temporary: waits, plans again, and repeats it.

SQS reserves the name of a deleted queue for a minute, and S3 that of a bucket for about as long. So a roll-out right
after `destroy`, or after a stack was rolled back, fails once and not again.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deployer.clock import Sleep
from deployer.rollout.progress import Report, StepEnded, StepStarted
from deployer.rollout.result import RolloutResult

PAUSES = (5.0, 30.0, 65.0, 65.0)
"""Seconds. A rollback deletes queues too, so every name is only certain to be free after two minutes."""

_TEMPORARY = (
    "QueueDeletedRecently",
    "You must wait 60 seconds after deleting a queue",
    "OperationAborted",
    "A conflicting conditional operation is currently in progress against this resource",
)


def is_temporary(reason: str) -> bool:
    """Whether CloudFormation's reason contains SQS's or S3's message that a name was just deleted."""
    return any(words in reason for words in _TEMPORARY)


def retry_rollout(
    first: RolloutResult, roll_out: Callable[[], RolloutResult], report: Report, *, sleep: Sleep
) -> RolloutResult:
    """The result of a roll-out, repeated while temporary failures are left."""
    result = first
    for seconds in PAUSES:
        if not _has_temporary_failures(result):
            break
        step = f"wait {seconds:.0f} s: AWS reserves the names of deleted queues and buckets for a minute"
        report(StepStarted(step=step))
        sleep(seconds)
        report(StepEnded(step=step))
        result = _combined(result, roll_out())
    return result


def _has_temporary_failures(result: RolloutResult) -> bool:
    reasons = [failure.reason for failure in result.failures]
    return any(map(is_temporary, [*reasons, result.error.message if result.error else ""]))


def _combined(earlier: RolloutResult, later: RolloutResult) -> RolloutResult:
    """The changes of two roll-outs, with the end of the later one."""
    return replace(
        later,
        done=(*earlier.done, *later.done),
        created=earlier.created + later.created,
        updated=earlier.updated + later.updated,
        deleted=earlier.deleted + later.deleted,
        unchanged=earlier.unchanged,
        skipped=tuple(dict.fromkeys((*earlier.skipped, *later.skipped))),
        released=earlier.released + later.released,
    )
