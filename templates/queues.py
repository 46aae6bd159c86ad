"""Queues for events that could not be handled or delivered: maximum retention, encrypted, TLS only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from troposphere import AWSObject, Ref, sqs

from templates.names import Names
from templates.parts import tags
from templates.policy_documents import Statement, policy
from templates.resource_policies import admit_dead_letters, deny_insecure_queue_calls

RETENTION = timedelta(days=14)
"""The maximum of SQS."""


def dead_letter_queue(
    logical_id: str, *, queue_name: str, names: Names, rule_arn: object, admitting: Sequence[Statement] = ()
) -> list[AWSObject]:
    """A queue and its policy: EventBridge may send for one rule; `admitting` are further statements; TLS is required.

    It is deleted with its stack, because only the handler of that stack can use its messages; `destroy` reports them.
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
            admit_dead_letters(logical_id, rule_arn=rule_arn), *admitting, deny_insecure_queue_calls(logical_id)
        ),
    )
    return [queue, queue_policy]
