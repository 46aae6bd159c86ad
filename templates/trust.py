"""Who may use each role: the statements of trust policies. Each names one caller, and the one thing it acts for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from troposphere import Ref

from templates.names import Names
from templates.policies import ASSUME, Statement, arn_here


def function() -> Statement:
    """Lambda gives this role to the functions that it is passed to: `iam:PassRole` works within one account only.

    No condition narrows it: AWS documents none whose keys Lambda would send when it takes on a function's role.
    """
    return {
        "Sid": "LambdaRunsTheHandler",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def handler(names: Names) -> Statement:
    """The handler's role, by its ARN, and only while the central account is in the organization.

    The account root stands as Principal since a role's ARN there turns into an id that breaks when the role is made
    again; `aws:PrincipalArn` then names the one role that is meant.
    """
    return _of_central_account(names, "OnlyTheHandler", {"ArnEquals": names.function_role_arn})


def operators(names: Names) -> Statement:
    """People and pipelines of the central account that it allows `sts:AssumeRole` on this role; never the handler."""
    return _of_central_account(names, "OnlyOperators", {"ArnNotEquals": names.function_role_arn}, actions=ASSUME)


def auditors(names: Names) -> Statement:
    """Principals of the central account that it allows `sts:AssumeRole` on this role; nobody else, and no handler."""
    return _of_central_account(names, "OnlyAuditors", {"ArnNotEquals": names.function_role_arn}, actions=ASSUME)


def operator_role(names: Names) -> Statement:
    """The operator role of the central account, by its ARN, and only while that account is in the organization."""
    return _of_central_account(names, "OnlyTheOperatorRole", {"ArnEquals": names.operator_role_arn}, actions=ASSUME)


def forwarding_rule(names: Names) -> Statement:
    """EventBridge, and only for the forwarding rule of the same account, in any region.

    EventBridge sets `aws:SourceArn` to the rule's ARN
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html).
    Whether its check at PutTargets does too is assumption A1.
    """
    return {
        "Sid": "OnlyTheForwardingRule",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnLike": {"aws:SourceArn": arn_here("events", f"rule/{names.forwarding_rule}")},
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        },
    }


def notices_rule(names: Names) -> Statement:
    """EventBridge, and only for the rule that publishes notices (A1)."""
    return {
        "Sid": "OnlyTheNoticesRule",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": names.notices_rule_arn},
            "StringEquals": {"aws:SourceAccount": names.central_account},
        },
    }


def _of_central_account(
    names: Names, sid: str, which: Mapping[str, str], *, actions: Sequence[str] = ("sts:AssumeRole",)
) -> Statement:
    """Principals of the central account, while it is in the organization; `which` of them, by an operator for ARNs.

    STS knows the organization at every regional endpoint (assumption A9).
    """
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{names.partition}:iam::{names.central_account}:root"},
        "Action": list(actions) if len(actions) > 1 else actions[0],
        "Condition": {
            **{operator: {"aws:PrincipalArn": arn} for operator, arn in which.items()},
            "StringEquals": {"aws:PrincipalOrgID": names.organization_id},
        },
    }
