"""Lambda's queue of asynchronous invocations: retries, age, and the handling of events that never succeed.

A function error is retried after one minute and again after two more; a throttled event waits without using a retry.
Discarded events go to the on-failure destination and the function's dead-letter queue, if its role allows it.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from moto.awslambda.models import LambdaFunction

from aws_org_sandbox import background
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.functions import destinations
from aws_org_sandbox.functions.configuration import event_invoke_config
from aws_org_sandbox.functions.destinations import Ended
from aws_org_sandbox.functions.execution import count, execute
from aws_org_sandbox.functions.lookup import find
from aws_org_sandbox.functions.pool import Throttled
from aws_org_sandbox.functions.runtime import Outcome

MAX_RETRIES = 2
RETRY_DELAYS = (60.0, 120.0)
MAX_AGE = 6 * 3600.0
MAX_THROTTLE_DELAY = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One event in the queue; `age` is in seconds of AWS's time."""

    function_arn: str
    payload: bytes
    request_id: str
    attempts: int = 0
    throttles: int = 0
    age: float = 0.0


def submit(function_arn: str, payload: bytes, *, request_id: str) -> None:
    """Queue an event."""
    queued = Queued(function_arn=function_arn, payload=payload, request_id=request_id)
    background.submit(_attempt, queued)


def _attempt(queued: Queued) -> None:
    function = find(queued.function_arn)
    if function is None:
        return
    try:
        outcome = execute(function, queued.payload, request_id=queued.request_id)
    except Throttled:
        _after_throttle(queued, function)
    except Refused as refused:
        error = json.dumps({"errorType": refused.code, "errorMessage": refused.message}).encode()
        _after(queued, function, Outcome(payload=error, error=refused.code))
    else:
        _after(queued, function, outcome)


def _after_throttle(queued: Queued, function: LambdaFunction) -> None:
    """Wait and retry, unless a reserved concurrency of zero disables the function, or the event is too old."""
    delay = min(2.0**queued.throttles, MAX_THROTTLE_DELAY)
    if int(function.reserved_concurrency or 0) == 0:
        _give_up(queued, function, condition="ZeroReservedConcurrency", outcome=None)
    elif queued.age + delay > _max_age(function):
        _give_up(queued, function, condition="EventAgeExceeded", outcome=None)
    else:
        again = replace(queued, throttles=queued.throttles + 1, age=queued.age + delay)
        background.submit(_attempt, again, delay=delay)


def _after(queued: Queued, function: LambdaFunction, outcome: Outcome) -> None:
    queued = replace(queued, attempts=queued.attempts + 1)
    if not outcome.error:
        destinations.report(_ended(queued, function, condition="Success", outcome=outcome))
        return
    retries = int(event_invoke_config(function).get("MaximumRetryAttempts", MAX_RETRIES))
    if queued.attempts > retries:
        _give_up(queued, function, condition="RetriesExhausted", outcome=outcome)
        return
    delay = RETRY_DELAYS[queued.attempts - 1]
    if queued.age + delay > _max_age(function):
        _give_up(queued, function, condition="EventAgeExceeded", outcome=outcome)
        return
    background.submit(_attempt, replace(queued, age=queued.age + delay), delay=delay)


def _max_age(function: LambdaFunction) -> float:
    return float(event_invoke_config(function).get("MaximumEventAgeInSeconds", MAX_AGE))


def _give_up(queued: Queued, function: LambdaFunction, *, condition: str, outcome: Outcome | None) -> None:
    count(function, "AsyncEventsDropped")
    destinations.report(_ended(queued, function, condition=condition, outcome=outcome))


def _ended(queued: Queued, function: LambdaFunction, *, condition: str, outcome: Outcome | None) -> Ended:
    return Ended(
        function=function,
        request_id=queued.request_id,
        payload=queued.payload,
        attempts=queued.attempts,
        condition=condition,
        outcome=outcome,
    )
