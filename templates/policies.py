"""IAM statements as pure functions of names; each says in its docstring what it permits and why it is needed.

Refuses nothing and composes freely: a role is `policy(statement, …)`. No statement here deletes anything or writes an
image, and every `*` in a resource stands for something that is not known when the template is written.
"""

from __future__ import annotations

from typing import Any, Final

from troposphere import GetAtt, Ref, Sub

from handler.ledger import COUNTER_PREFIX
from handler.tags import EVENT_ID_TAG
from templates.arns import arn_here
from templates.event_pattern import DETAIL_TYPE, EVENT_SOURCE
from templates.names import Names

Statement = dict[str, Any]
Policy = dict[str, Any]

_EVENTS_SERVICE: Final = "events.amazonaws.com"
_LAMBDA_SERVICE: Final = "lambda.amazonaws.com"


def policy(*statements: Statement) -> Policy:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


# Who may use a role


def trust_function(names: Names) -> Statement:
    """Lambda, and only for functions of the central account, gives this role to the handler."""
    return {
        "Sid": "LambdaRunsTheHandler",
        "Effect": "Allow",
        "Principal": {"Service": _LAMBDA_SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": names.central_account}},
    }


def trust_handler(names: Names) -> Statement:
    """The handler's role, by its ARN, and only while the central account is in the organization.

    The account root stands as Principal since a role's ARN there turns into an id that breaks when the role is made
    again; `aws:PrincipalArn` then names the one role that is meant.
    """
    return {
        "Sid": "OnlyTheHandler",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{names.partition}:iam::{names.central_account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": names.function_role_arn},
            "StringEquals": {"aws:PrincipalOrgID": names.organization_id},
        },
    }


def trust_forwarding_rule(names: Names) -> Statement:
    """EventBridge, and only for the forwarding rule of the same account, in any region.

    EventBridge sets `aws:SourceArn` to the rule's ARN
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html).
    """
    return {
        "Sid": "OnlyTheForwardingRule",
        "Effect": "Allow",
        "Principal": {"Service": _EVENTS_SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnLike": {"aws:SourceArn": arn_here("events", f"rule/{names.forwarding_rule}")},
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        },
    }


# What the handler may do in the central account


def assume_creator_roles(names: Names) -> Statement:
    """Take on the creator role of any account of the organization; which account, only the event tells."""
    return {
        "Sid": "AssumeCreatorRoles",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": names.creator_role_arn("*"),
        "Condition": {"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    }


def look_up_accounts(names: Names) -> list[Statement]:
    """Ask which OU an account is in, at the moment of the push; accounts and OUs of this organization only."""
    owned = f"arn:{names.partition}:organizations::*"
    accounts = f"{owned}:account/{names.organization_id}/*"
    return [
        {"Sid": "DescribeAccounts", "Effect": "Allow", "Action": "organizations:DescribeAccount", "Resource": accounts},
        {
            "Sid": "ListParentOUs",
            "Effect": "Allow",
            "Action": "organizations:ListParents",
            "Resource": [accounts, f"{owned}:ou/{names.organization_id}/*"],
        },
    ]


def write_ledger(table_arn: Any) -> Statement:
    """Add records to the ledger and read one back by its key; no query, no scan, no delete."""
    return {
        "Sid": "WriteLedger",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": table_arn,
    }


def count_in_ledger(table_arn: Any) -> Statement:
    """Change counters of a limit in place; records, whose keys begin otherwise, can never be changed this way."""
    return {
        "Sid": "CountInLedger",
        "Effect": "Allow",
        "Action": "dynamodb:UpdateItem",
        "Resource": table_arn,
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{COUNTER_PREFIX}*"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


def send_failures(queue_arn: Any) -> Statement:
    """Put an event that could not be handled on the failures queue: the handler itself, and Lambda for it."""
    return {"Sid": "SendFailures", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}


def write_logs(names: Names) -> Statement:
    """Write log lines to the handler's own log group, which the stack makes."""
    group = f"arn:{names.partition}:logs:{names.central_region}:{names.central_account}:log-group:{names.log_group}"
    return {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{group}:log-stream:*",
    }


# What the creator role may do in its own account


def create_repositories() -> Statement:
    """Create a repository, only together with the tag that names the event it was made for."""
    return {
        "Sid": "CreateTaggedRepositories",
        "Effect": "Allow",
        "Action": ["ecr:CreateRepository", "ecr:TagResource"],
        "Resource": _own_repositories(),
        "Condition": {"Null": {f"aws:RequestTag/{EVENT_ID_TAG}": "false"}},
    }


def finish_created_repositories() -> Statement:
    """Give policies to a repository, only where the tag shows that an event of ours made it."""
    return {
        "Sid": "FinishCreatedRepositories",
        "Effect": "Allow",
        "Action": ["ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy"],
        "Resource": _own_repositories(),
        "Condition": {"Null": {f"aws:ResourceTag/{EVENT_ID_TAG}": "false"}},
    }


def look_at_repositories() -> Statement:
    """See whether a repository is there and which event made it."""
    return {
        "Sid": "LookAtRepositories",
        "Effect": "Allow",
        "Action": ["ecr:DescribeRepositories", "ecr:ListTagsForResource"],
        "Resource": _own_repositories(),
    }


def use_keys(names: Names) -> list[Statement]:
    """Let ECR use a KMS key for a new repository: through ECR only, and only keys of the organization.

    Which key, the settings say, and they may change without this role being changed.
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html)
    """
    keys = f"arn:{names.partition}:kms:*:*:key/*"
    through_ecr = {"StringLike": {"kms:ViaService": f"ecr.*.{names.dns_suffix}"}}
    ours = {"StringEquals": {"aws:ResourceOrgID": names.organization_id}}
    return [
        {
            "Sid": "DescribeKeys",
            "Effect": "Allow",
            "Action": "kms:DescribeKey",
            "Resource": keys,
            "Condition": through_ecr | ours,
        },
        {
            "Sid": "GrantKeysToECR",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": keys,
            "Condition": through_ecr | ours | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


# What the forwarding role may do


def forward_events(names: Names) -> Statement:
    """Put events on the one central bus."""
    return {
        "Sid": "ForwardEvents",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": names.event_bus_arn,
    }


# Policies on resources


def admit_organization(names: Names, *, bus_arn: Any) -> Statement:
    """Accounts of this organization may put ECR's own CloudTrail events on the central bus, and nothing else.

    `events:source` and `events:detail-type` have many values, one for each event of a call: all have to be the ones
    that are meant, and `Null` refuses a call that has none, which `ForAllValues` alone would let pass.
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
        "Principal": {"Service": _EVENTS_SERVICE},
        "Action": "sqs:SendMessage",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }


def refuse_plain_queue_calls(queue: str) -> Statement:
    """Nobody reaches the queue without TLS."""
    return {
        "Sid": "RefusePlainConnections",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": GetAtt(queue, "Arn"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def refuse_plain_bucket_calls(bucket: str) -> list[Statement]:
    """Nobody reaches the bucket without TLS, or with TLS older than 1.2."""
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


def _own_repositories() -> Sub:
    return arn_here("ecr", "repository/*")
