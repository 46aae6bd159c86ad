"""Queues for what could not be handled or delivered: kept as long as SQS can, encrypted, reached by TLS only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from troposphere import AWSObject, Ref, sqs

from templates.names import Names
from templates.parts import tags
from templates.policies import Statement, policy
from templates.resource_policies import admit_dead_letters, refuse_plain_queue_calls

RETENTION = timedelta(days=14)
"""The longest that SQS keeps a message."""


def dead_letter_queue(
    logical_id: str, *, queue_name: str, names: Names, rule_arn: Any, admitting: Sequence[Statement] = ()
) -> list[AWSObject]:
    """A queue and its policy: EventBridge may send for the one rule, `admitting` says who else, nobody without TLS.

    It is deleted with its stack: a message waits for the handler that the stack holds, and `destroy` says what is left.
    """
    queue = sqs.Queue(
        logical_id,
        QueueName=queue_name,
        MessageRetentionPeriod=int(RETENTION.total_seconds()),
        SqsManagedSseEnabled=True,
        Tags=tags(names),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )
    queue_policy = sqs.QueuePolicy(
        f"{logical_id}Policy",
        Queues=[Ref(queue)],
        PolicyDocument=policy(
            admit_dead_letters(logical_id, rule_arn=rule_arn), *admitting, refuse_plain_queue_calls(logical_id)
        ),
    )
    return [queue, queue_policy]
