"""Statements of the roles' trust policies. Each allows one caller, for one purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from troposphere import Ref

from templates.names import Names
from templates.policies import ASSUME, arn_here
from templates.policy_documents import Conditions, Statement


def function() -> Statement:
    """Lambda, for functions that the role was passed to; `iam:PassRole` applies within one account only.

    It has no condition, because AWS documents no condition keys for calls with which Lambda assumes a function's role.
    """
    return _of_service("OnlyLambda", "lambda.amazonaws.com")


def handler(names: Names) -> Statement:
    """The handler's role, by its ARN, and only while the central account is in the organization.

    The Principal is the account root, because IAM replaces the ARN of a role with its id, which changes if the role is
    created again; `aws:PrincipalArn` restricts it to the one role.
    """
    return _of_central_account(names, "OnlyTheHandler", {"ArnEquals": names.function_role_arn})


def operators(names: Names) -> Statement:
    """Principals of the central account that its IAM policies allow to assume this role, except the handler."""
    return _of_central_account(names, "OnlyOperators", {"ArnNotEquals": names.function_role_arn}, actions=ASSUME)


def auditors(names: Names) -> Statement:
    """Principals of the central account that its IAM policies allow to assume this role, except the handler."""
    return _of_central_account(names, "OnlyAuditors", {"ArnNotEquals": names.function_role_arn}, actions=ASSUME)


def operator_role(names: Names) -> Statement:
    """The operator role of the central account, by its ARN, and only while that account is in the organization."""
    return _of_central_account(names, "OnlyTheOperatorRole", {"ArnEquals": names.operator_role_arn}, actions=ASSUME)


def registry() -> Statement:
    """ECR, for creation templates that the role was passed to; `iam:PassRole` applies within one account only.

    It has no condition, because AWS documents no condition keys for calls with which ECR assumes this role
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html).
    """
    return _of_service("OnlyRegistry", "ecr.amazonaws.com")


def forwarding_rule(names: Names) -> Statement:
    """EventBridge, and only for the forwarding rule of the same account, in any region.

    EventBridge sets `aws:SourceArn` to the rule's ARN
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html).
    Whether it also does so for its check at PutTargets is assumption A1.
    """
    return _of_service(
        "OnlyTheForwardingRule",
        "events.amazonaws.com",
        when={
            "ArnLike": {"aws:SourceArn": arn_here("events", f"rule/{names.forwarding_rule}")},
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        },
    )


def notices_rule(names: Names) -> Statement:
    """EventBridge, and only for the rule that publishes notices (A1)."""
    return _of_service(
        "OnlyTheNoticesRule",
        "events.amazonaws.com",
        when={
            "ArnEquals": {"aws:SourceArn": names.notices_rule_arn},
            "StringEquals": {"aws:SourceAccount": names.central_account},
        },
    )


def _of_service(sid: str, service: str, *, when: Conditions | None = None) -> Statement:
    """A service of AWS, under conditions if any are given."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if when:
        statement["Condition"] = when
    return statement


def _of_central_account(
    names: Names, sid: str, which: Mapping[str, str], *, actions: Sequence[str] = ("sts:AssumeRole",)
) -> Statement:
    """Principals of the central account, while it is in the organization; `which` restricts them by their ARN.

    STS knows the caller's organization at every regional endpoint (assumption A9).
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
