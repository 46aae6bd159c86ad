"""Who may reach the central bus, the queues and the bucket: the statements of their own policies."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Sub

from templates import policies
from templates.event_pattern import DETAIL_TYPE, EVENT_SOURCE
from templates.names import Names
from templates.policies import Statement


def admit_organization(names: Names, *, bus_arn: Any) -> Statement:
    """Accounts of this organization may put ECR's own CloudTrail events on the central bus, and nothing else.

    `events:source` and `events:detail-type` have many values, one for each event of a call: all have to be the ones
    that are meant, and `Null` refuses a call that has none, which `ForAllValues` alone would let pass. That a rule of
    another account brings these keys is assumption A13.
    """
    kinds = {"events:source": EVENT_SOURCE, "events:detail-type": DETAIL_TYPE}
    return {
        "Sid": names.event_bus_statement,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus_arn,
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": names.organization_id},
            "ForAllValues:StringEquals": kinds,
            "Null": dict.fromkeys(kinds, "false"),
        },
    }


def admit_dead_letters(queue: str, *, rule_arn: Any) -> Statement:
    """EventBridge may put what a rule could not deliver on the rule's dead-letter queue."""
    return {
        "Sid": "AdmitDeadLetters",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }


def admit_operators(names: Names, *, queue: str) -> Statement:
    """The operator role of the central account, by its ARN, may look into a dead-letter queue and empty it.

    So no role is needed in this account, where it could do more. (Sending is not among the actions: a redrive starts
    the handler, and puts nothing back here.) SQS knows the caller's organization in every region (assumption A9).
    """
    return {
        "Sid": "AdmitOperators",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{names.partition}:iam::{names.central_account}:root"},
        "Action": list(policies.HANDLE_MESSAGES),
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": names.operator_role_arn},
            "StringEquals": {"aws:PrincipalOrgID": names.organization_id},
        },
    }


def admit_watch(names: Names, *, queue: str) -> Statement:
    """The watch of the central account, by its role's ARN, may see how many messages wait."""
    return {
        "Sid": "AdmitWatch",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{names.partition}:iam::{names.central_account}:root"},
        "Action": "sqs:GetQueueAttributes",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": names.watch_role_arn},
            "StringEquals": {"aws:PrincipalOrgID": names.organization_id},
        },
    }


def refuse_plain_queue_calls(queue: str) -> Statement:
    """Nobody gets there without TLS."""
    return {
        "Sid": "RefusePlainConnections",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def admit_publishers(names: Names, *, topic: Any) -> Statement:
    """Whom the account's own IAM allows it may publish, which is the role of the rule for notices; no other account.

    There is no condition, also none that asks for TLS: EventBridge supports none in the policy of a topic
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions).
    """
    return {
        "Sid": "AdmitPublishers",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{names.partition}:iam::{names.central_account}:root"},
        "Action": "sns:Publish",
        "Resource": topic,
    }


def refuse_plain_bucket_calls(bucket: str) -> list[Statement]:
    """Nobody gets there without TLS, or with TLS older than 1.2."""
    shared = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [GetAtt(bucket, "Arn"), Sub(f"${{{bucket}.Arn}}/*")],
    }
    return [
        {"Sid": "RefusePlainConnections", **shared, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "RefuseOldTLS", **shared, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ]
