"""How hard EventBridge tries to reach a target, and where an event goes when it cannot."""

from __future__ import annotations

from datetime import timedelta

from troposphere import GetAtt, events

RETRY_FOR = timedelta(hours=24)
"""The longest that EventBridge retries; with 185 attempts, the most that it makes."""


def retry_policy() -> events.RetryPolicy:
    """All the patience that EventBridge has: a push that is answered late is better than one that is lost."""
    return events.RetryPolicy(MaximumEventAgeInSeconds=int(RETRY_FOR.total_seconds()), MaximumRetryAttempts=185)


def dead_letters(queue: str) -> events.DeadLetterConfig:
    """The queue, by logical id, that gets what was not delivered; a missing permission goes there without a retry."""
    return events.DeadLetterConfig(Arn=GetAtt(queue, "Arn"))
