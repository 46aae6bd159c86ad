"""Names of queues and buckets that AWS does not allow to be reused for a while after their deletion.

SQS documents a minute (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html). S3
documents the error OperationAborted and no time; reports are of seconds up to an hour, so that a minute stands for it
here. moto (5.2.5) allows both immediately. The minute is scaled like everything that takes time here.
"""

from __future__ import annotations

import time
from typing import Any

from moto.s3.models import S3Backend
from moto.sqs.models import Queue, SQSBackend

from aws_org_sandbox import background
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.seams import on_reset, original, replace

SECONDS = 60.0
_CONFLICT = "A conflicting conditional operation is currently in progress against this resource. Please try again."

_deleted: dict[tuple[str, ...], float] = {}


@on_reset
def _forget() -> None:
    _deleted.clear()


def _is_kept(*name: str) -> bool:
    """Whether a name was deleted less than a minute ago, as the sandbox counts."""
    deleted = _deleted.get(name)
    return deleted is not None and time.monotonic() - deleted < SECONDS * background.scheduler.time_scale


@replace(SQSBackend, "create_queue")
def _create_queue(backend: SQSBackend, name: str, *rest: Any, **more: Any) -> Queue:
    if _is_kept("sqs", backend.account_id, backend.region_name, name):
        message = "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        raise Refused("AWS.SimpleQueueService.QueueDeletedRecently", message)
    queue: Queue = original(SQSBackend, "create_queue")(backend, name, *rest, **more)
    return queue


@replace(SQSBackend, "delete_queue")
def _delete_queue(backend: SQSBackend, queue_name: str) -> None:
    original(SQSBackend, "delete_queue")(backend, queue_name)
    _deleted["sqs", backend.account_id, backend.region_name, queue_name] = time.monotonic()


def check_bucket(name: str) -> None:
    """Refuse the name of a bucket that was just deleted, in any account."""
    if _is_kept("s3", name):
        message = "A conflicting conditional operation is currently in progress against this resource."
        raise Refused("OperationAborted", f"{message} Please try again.", status=409)


@replace(S3Backend, "delete_bucket")
def _delete_bucket(backend: S3Backend, bucket_name: str) -> Any:
    deleted = original(S3Backend, "delete_bucket")(backend, bucket_name)
    if deleted:
        _deleted["s3", bucket_name] = time.monotonic()
    return deleted
