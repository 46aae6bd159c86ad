"""Statements of the resource policies of the central bus, the queues, the topic and the bucket."""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import GetAtt, Sub

from handler.events import SOURCE
from templates import policies
from templates.event_pattern import detail_types
from templates.names import Names
from templates.policy_documents import Conditions, Statement


def admit_organization(names: Names, *, bus_arn: object, observe: bool) -> Statement:
    """Accounts of this organization forward ECR's CloudTrail events.

    `events:source` and `events:detail-type` are multivalued, one value for each event of a call: all must match, and
    `Null` denies a call without values, which `ForAllValues` alone would allow. That calls by a rule of another account
    have these keys is assumption A13.
    """
    types = detail_types(observe=observe)
    kinds = {"events:source": SOURCE, "events:detail-type": types if observe else types[0]}
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


def admit_dead_letters(queue: str, *, rule_arn: object) -> Statement:
    """Undelivered events of a rule go to its queue."""
    return {
        "Sid": "AdmitDeadLetters",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }


def admit_operators(names: Names, *, queue: str) -> Statement:
    """The operator role handles dead letters.

    So no role in this account is needed for this. (Sending is not allowed: a redrive invokes the handler, and sends
    nothing to this queue.) SQS knows the caller's organization in every region (assumption A9).
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
    """The watch counts dead letters."""
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


def deny_insecure_queue_calls(queue: str) -> Statement:
    """TLS is required."""
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def admit_publishers(names: Names, *, topic: object) -> Statement:
    """Principals of this account publish if IAM policies allow it.

    The statement has no condition, not even one for TLS: EventBridge supports none in the policy of a topic
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions).
    """
    return {
        "Sid": "AdmitPublishers",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{names.partition}:iam::{names.central_account}:root"},
        "Action": "sns:Publish",
        "Resource": topic,
    }


def deny_insecure_bucket_calls(bucket: str) -> list[Statement]:
    """TLS 1.2 or later is required."""
    denied: Mapping[str, Conditions] = {
        "DenyInsecureTransport": {"Bool": {"aws:SecureTransport": "false"}},
        "DenyOldTLS": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }
    return [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [GetAtt(bucket, "Arn"), Sub(f"${{{bucket}.Arn}}/*")],
            "Condition": condition,
        }
        for sid, condition in denied.items()
    ]
