"""Attempts to deliver an event to a target: how often, how long, and what happens after the last one.

If permissions or the target are missing, the event goes to its dead-letter queue at once; other failures are retried by
the target's retry policy. Waiting is in the sandbox's scaled time.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from __future__ import annotations

import json

from aws_org_sandbox import background
from aws_org_sandbox.events import targets
from aws_org_sandbox.events.targets import Delivery, NotDelivered
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.queues import text_attributes

MAX_RETRIES = 185
MAX_AGE = 86_400.0
MAX_DELAY = 600.0
"""Maximum seconds between two attempts; EventBridge documents only that it backs off exponentially."""


def start(delivery: Delivery) -> None:
    """Deliver in the background."""
    background.submit(_attempt, delivery)


def _attempt(delivery: Delivery) -> None:
    _count(delivery, "RetryInvocationAttempts" if delivery.retries else "Invocations")
    try:
        targets.send(delivery)
    except NotDelivered as failure:
        _after(delivery, failure)


def _after(delivery: Delivery, failure: NotDelivered) -> None:
    delay = min(2.0**delivery.retries, MAX_DELAY)
    exhausted = _exhausted(delivery, delay)
    if failure.retryable and exhausted is None:
        background.submit(_attempt, delivery.again(delay), delay=delay)
        return
    _count(delivery, "FailedInvocations")
    _dead_letter(delivery, failure, condition=exhausted if failure.retryable else None)


def _exhausted(delivery: Delivery, delay: float) -> str | None:
    """Which limit of the retry policy forbids another attempt after `delay` seconds."""
    policy = delivery.target.get("RetryPolicy") or {}
    if delivery.retries >= policy.get("MaximumRetryAttempts", MAX_RETRIES):
        return "MaximumRetryAttempts"
    if delivery.age + delay > policy.get("MaximumEventAgeInSeconds", MAX_AGE):
        return "MaximumEventAgeInSeconds"
    return None


def _dead_letter(delivery: Delivery, failure: NotDelivered, *, condition: str | None) -> None:
    """Send the event as it was before transformation, with the documented attributes; without a queue it is lost."""
    queue_arn = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return
    attributes = text_attributes(
        RULE_ARN=delivery.rule_arn,
        TARGET_ARN=delivery.target_arn,
        ERROR_CODE=failure.code,
        ERROR_MESSAGE=failure.message,
        EXHAUSTED_RETRY_CONDITION=condition or "",
        RETRY_ATTEMPTS=str(delivery.retries),
    )
    try:
        targets.send_to_queue(delivery, queue_arn, json.dumps(delivery.event), attributes=attributes)
    except NotDelivered:
        _count(delivery, "InvocationsFailedToBeSentToDlq")
    else:
        _count(delivery, "InvocationsSentToDlq")


def _count(delivery: Delivery, name: str) -> None:
    dimensions = {
        "AccountId": delivery.account,
        "Region": delivery.region,
        "EventBusName": delivery.bus_name,
        "RuleName": delivery.rule_name,
    }
    metrics.count("AWS/Events", name, dimensions)
