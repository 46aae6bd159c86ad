"""Operations: queued, run in the background by region and account, stopped, and cancelled beyond the tolerance.

One operation of a StackSet runs at a time. A request during another operation is refused, unless managed
execution queues it; auto-deployment always queues.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html#stackset-ops-options
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

from aws_org_sandbox import background
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.stack_sets import instances
from aws_org_sandbox.stack_sets.model import Key, Operation, OperationStatus, Result, StackSet

START_SECONDS = 3.0
"""From the response to the first stack, in AWS's time: long enough to observe an operation as QUEUED or RUNNING."""
INSTANCE_SECONDS = 1.0
"""Extra time of a stack in AWS compared to the sandbox; AWS takes half a minute, too long for tests."""

TOLERANCE_EXCEEDED = "Cancelled since failure tolerance has exceeded"
STOPPED_BY_USER = "Cancelled since the operation was stopped by the user"
DEPENDENCY_FAILED = "Cancelled since a StackSet that this one depends on was not deployed"


def begin(stack_set: StackSet, operation: Operation, *, accept: Callable[[], None]) -> Operation:
    """Accept an operation; a repeated request with the same id returns the operation that it already started.

    `accept` stores the immediate changes of the request, once it is accepted. Raises
    OperationIdAlreadyExistsException for the id of another request, OperationInProgressException if another
    operation is in progress and nothing is queued.
    """
    with stack_set.lock:
        known = repeated(stack_set, operation.id, operation.request)
        if known is not None:
            return known
        busy = any(stack_set.unfinished)
        if busy and operation.request is not None and not stack_set.managed_execution:
            current = next(stack_set.unfinished)
            raise Refused(
                "OperationInProgressException",
                f"Another Operation on StackSet {stack_set.arn} is in progress: {current.id}",
                status=409,
            )
        accept()
        changed = operation.results.keys() if operation.action != "DETECT_DRIFT" else set[Key]()
        for key in changed & stack_set.instances.keys():
            stack_set.instances[key].detailed = "PENDING"
        stack_set.operations.append(operation)
    _start_next(stack_set)
    return operation


def repeated(stack_set: StackSet, operation_id: str, request: str | None) -> Operation | None:
    """The operation that the same request started before; refuses the id of another request."""
    for known in list(stack_set.operations):
        if known.id == operation_id:
            if known.request is None or known.request != request:
                message = f"The operation id {known.id} already exists"
                raise Refused("OperationIdAlreadyExistsException", message, status=409)
            return known
    return None


def required(stack_set: StackSet, operation_id: str) -> Operation:
    """The operation with an id; refuses an unknown one."""
    for operation in stack_set.operations:
        if operation.id == operation_id:
            return operation
    message = f"Operation {operation_id} not found for StackSet {stack_set.name}"
    raise Refused("OperationNotFoundException", message, status=404)


def stop(stack_set: StackSet, operation: Operation) -> None:
    """Let running stacks finish and cancel the rest; refuses a finished operation."""
    with stack_set.lock:
        if not operation.is_unfinished:
            message = f"Operation {operation.id} on StackSet {stack_set.arn} is not in progress"
            raise Refused("InvalidOperationException", message)
        if operation.status == "QUEUED":
            _cancel_rest(stack_set, operation, operation.results.values(), STOPPED_BY_USER)
            _end(stack_set, operation, "STOPPED")
        else:
            operation.status = "STOPPING"
    _start_next(stack_set)


def _start_next(stack_set: StackSet) -> None:
    """Start the oldest queued operation, unless one is running or its dependency has not finished."""
    with stack_set.lock:
        unfinished = list(stack_set.unfinished)
        if not unfinished or unfinished[0].status != "QUEUED":
            return
        operation = unfinished[0]
        if any(other.is_unfinished for other in operation.waits_for):
            background.submit(_start_next, stack_set, delay=START_SECONDS)
            return
        operation.status = "RUNNING"
    background.submit(_run, stack_set, operation, delay=START_SECONDS)


def _run(stack_set: StackSet, operation: Operation) -> None:
    operation.is_resolved = True
    if any(other.status != "SUCCEEDED" for other in operation.waits_for):
        _cancel_rest(stack_set, operation, operation.results.values(), DEPENDENCY_FAILED)
        operation.reason = DEPENDENCY_FAILED
        _end(stack_set, operation, "FAILED")
    else:
        failed = not _through_regions(stack_set, operation)
        stopped = operation.status == "STOPPING"
        _end(stack_set, operation, "STOPPED" if stopped else "FAILED" if failed else "SUCCEEDED")
    _start_next(stack_set)


def _end(stack_set: StackSet, operation: Operation, status: OperationStatus) -> None:
    with stack_set.lock:
        operation.status = status
        operation.ended = datetime.now(UTC)


def _through_regions(stack_set: StackSet, operation: Operation) -> bool:
    """Process all regions; False if one exceeds its tolerance, after which later ones are not started."""
    regions = list(_regions(operation))
    if operation.preferences.parallel_regions:
        with ThreadPoolExecutor(max_workers=max(1, len(regions))) as pool:
            return all(list(pool.map(lambda region: _through_region(stack_set, operation, region), regions)))
    for index, region in enumerate(regions):
        if not _through_region(stack_set, operation, region):
            for later in regions[index + 1 :]:
                _cancel_rest(stack_set, operation, _results_in(operation, later), TOLERANCE_EXCEEDED)
            return False
    return True


def _through_region(stack_set: StackSet, operation: Operation, region: str) -> bool:
    """Process the accounts of one region; False if more fail than is tolerated."""
    results = list(_results_in(operation, region))
    tolerance = operation.preferences.tolerance(len(results))
    waiting, running = list(results), set[Future[None]]()
    with ThreadPoolExecutor(max_workers=operation.preferences.concurrency(len(results))) as pool:
        while waiting or running:
            failures = sum(result.status == "FAILED" for result in results)
            if failures > tolerance or operation.status == "STOPPING":
                break
            room = _concurrency(operation, len(results), tolerance - failures) - len(running)
            for result in waiting[:room]:
                running.add(pool.submit(_perform, stack_set, operation, result))
            del waiting[:room]
            running = set(wait(running, return_when=FIRST_COMPLETED).not_done)
    stopped = operation.status == "STOPPING"
    _cancel_rest(stack_set, operation, waiting, STOPPED_BY_USER if stopped else TOLERANCE_EXCEEDED)
    return sum(result.status == "FAILED" for result in results) <= tolerance


def _concurrency(operation: Operation, accounts: int, failures_left: int) -> int:
    """How many accounts may run at once: in strict mode at most the tolerance plus one, which bounds the failures."""
    desired = operation.preferences.concurrency(accounts)
    return desired if operation.preferences.soft else min(desired, failures_left + 1)


def _perform(stack_set: StackSet, operation: Operation, result: Result) -> None:
    time.sleep(INSTANCE_SECONDS * background.scheduler.time_scale)
    instances.perform(stack_set, operation, result)


def _regions(operation: Operation) -> Iterator[str]:
    """Regions in the requested RegionOrder, else in that of the request; those without results are left out."""
    order = operation.preferences.region_order or operation.regions
    return (region for region in order if any(True for _ in _results_in(operation, region)))


def _results_in(operation: Operation, region: str) -> Iterator[Result]:
    return (result for result in operation.results.values() if result.region == region)


def _cancel_rest(stack_set: StackSet, operation: Operation, results: Iterable[Result], reason: str) -> None:
    with stack_set.lock:
        for result in results:
            instances.cancel(stack_set, operation, result, reason)
