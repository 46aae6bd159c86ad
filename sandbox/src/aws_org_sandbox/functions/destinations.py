"""Messages about asynchronous invocations: records to destinations, events to a function's dead-letter queue.

It sends with the permissions of the function's role. The sandbox supports only queues as destinations.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction

from aws_org_sandbox import background, iam, queues, service_calls
from aws_org_sandbox.calls import Refused
from aws_org_sandbox.functions.configuration import event_invoke_config, kept
from aws_org_sandbox.functions.execution import SERVICE, count
from aws_org_sandbox.functions.runtime import Outcome

MAX_SENDS = 5
"""Attempts to send if a failure may be temporary; Lambda documents no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A finished event: after success, or when Lambda discards it. `outcome` is None if it never ran."""

    function: LambdaFunction
    request_id: str
    payload: bytes
    attempts: int
    condition: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    function: LambdaFunction
    queue_arn: str
    body: str
    attributes: Mapping[str, Mapping[str, str]]
    failure_metric: str
    sends: int = 1


def report(ended: Ended) -> None:
    """Send a record to the destination, and after a failure the event to the dead-letter queue, as configured."""
    succeeded = ended.condition == "Success"
    configured = event_invoke_config(ended.function).get("DestinationConfig", {})
    arn = (configured.get("OnSuccess" if succeeded else "OnFailure") or {}).get("Destination")
    if arn:
        record = json.dumps(_record(ended))
        _send(_message(ended, arn, record, attributes={}, failure_metric="DestinationDeliveryFailures"))
    arn = kept(ended.function, "DeadLetterConfig").get("TargetArn")
    if arn and not succeeded:
        attributes, body = _dead_letter_attributes(ended), ended.payload.decode()
        _send(_message(ended, arn, body, attributes=attributes, failure_metric="DeadLetterErrors"))


def _message(
    ended: Ended, arn: str, body: str, *, attributes: Mapping[str, Mapping[str, str]], failure_metric: str
) -> _Message:
    return _Message(
        function=ended.function, queue_arn=arn, body=body, attributes=attributes, failure_metric=failure_metric
    )


def _record(ended: Ended) -> dict[str, Any]:
    version, outcome = str(ended.function.version), ended.outcome
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": ended.request_id,
            "functionArn": f"{ended.function.function_arn}:{version}",
            "condition": ended.condition,
            "approximateInvokeCount": ended.attempts,
        },
        "requestPayload": json.loads(ended.payload),
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


def _dead_letter_attributes(ended: Ended) -> dict[str, dict[str, str]]:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq."""
    message = ended.outcome.payload.decode(errors="replace")[:1024] if ended.outcome else "Rate Exceeded."
    attributes = queues.text_attributes(RequestID=ended.request_id, ErrorMessage=message)
    attributes["ErrorCode"] = {"DataType": "Number", "StringValue": "200" if ended.outcome else "429"}
    return attributes


def _send(message: _Message) -> None:
    try:
        _send_once(message)
    except Refused as refused:
        if service_calls.is_transient(refused) and message.sends < MAX_SENDS:
            background.submit(_send, replace(message, sends=message.sends + 1), delay=2.0**message.sends)
        else:
            count(message.function, message.failure_metric)


def _send_once(message: _Message) -> None:
    function, arn = message.function, message.queue_arn
    access = iam.Access(action="sqs:SendMessage", resource=arn, region=function.region)
    principal = service_calls.role_principal(function.role, session_name="awslambda", service=SERVICE)

    def admitted(policy: Mapping[str, Any] | None) -> bool:
        return iam.refusal(function.role, access, resource_policy=policy) is None

    with service_calls.recorded(
        "sqs", "SendMessage", principal=principal, region=function.region, parameters={"QueueUrl": arn}
    ):
        queues.send(arn, message.body, attributes=message.attributes, admitted=admitted)
