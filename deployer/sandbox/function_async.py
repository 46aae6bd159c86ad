"""Lambda's queue of asynchronous invocations: retries, age, and what becomes of an event that never succeeds.

A function error is tried again after one minute and after two more; a throttled event waits without using up a retry.
What is given up goes to the on-failure destination and to the function's dead-letter queue, as its role may.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction

from deployer.sandbox import background, iam, queues
from deployer.sandbox.calls import Refused
from deployer.sandbox.function_configuration import event_invoke_config, kept
from deployer.sandbox.function_execution import count, execute
from deployer.sandbox.function_pool import Throttled
from deployer.sandbox.function_runtime import Outcome

MAX_RETRIES = 2
RETRY_DELAYS = (60.0, 120.0)
MAX_AGE = 6 * 3600.0
LONGEST_THROTTLE_DELAY = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One event in the queue; `age` is in AWS's seconds."""

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
    from deployer.sandbox import functions  # noqa: PLC0415 - the seam that queues events here

    function = functions.find(queued.function_arn)
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
    """Wait and try again, unless a reserved concurrency of zero switches the function off, or the event is too old."""
    delay = min(2.0**queued.throttles, LONGEST_THROTTLE_DELAY)
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
        _notify(queued, function, outcome, condition="Success", destination="OnSuccess")
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
    _notify(queued, function, outcome, condition=condition, destination="OnFailure")
    _dead_letter(queued, function, outcome)


def _notify(
    queued: Queued, function: LambdaFunction, outcome: Outcome | None, *, condition: str, destination: str
) -> None:
    """Send the invocation record to a destination, where one is configured."""
    configured = event_invoke_config(function).get("DestinationConfig", {}).get(destination) or {}
    arn = configured.get("Destination")
    if arn and not _send(function, arn, json.dumps(_record(queued, function, outcome, condition=condition)), {}):
        count(function, "DestinationDeliveryFailures")


def _record(queued: Queued, function: LambdaFunction, outcome: Outcome | None, *, condition: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    version = str(function.version)
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": queued.request_id,
            "functionArn": f"{function.function_arn}:{version}",
            "condition": condition,
            "approximateInvokeCount": queued.attempts,
        },
        "requestPayload": json.loads(queued.payload),
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": version}
        if outcome.error:
            record["responseContext"]["functionError"] = "Unhandled"
        record["responsePayload"] = _json_or_text(outcome.payload)
    return record


def _json_or_text(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")


def _dead_letter(queued: Queued, function: LambdaFunction, outcome: Outcome | None) -> None:
    """Send the event alone, with the error as attributes, to the function's own dead-letter queue."""
    arn = kept(function, "DeadLetterConfig").get("TargetArn")
    if not arn:
        return
    message = outcome.payload.decode(errors="replace")[:1024] if outcome else "Rate Exceeded."
    attributes = queues.text_attributes(RequestID=queued.request_id, ErrorMessage=message)
    attributes["ErrorCode"] = {"DataType": "Number", "StringValue": "200" if outcome else "429"}
    if not _send(function, arn, queued.payload.decode(), attributes):
        count(function, "DeadLetterErrors")


def _send(function: LambdaFunction, arn: str, body: str, attributes: Mapping[str, Mapping[str, str]]) -> bool:
    """Send to a queue with the permissions of the function's role; False when that fails."""
    access = iam.Access(action="sqs:SendMessage", resource=arn, region=function.region)

    def admitted(policy: Mapping[str, Any] | None) -> bool:
        return iam.refusal(function.role, access, resource_policy=policy) is None

    try:
        queues.send(arn, body, attributes=attributes, admitted=admitted)
    except queues.NotSent:
        return False
    return True
