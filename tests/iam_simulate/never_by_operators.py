"""Calls that the documented operator policies must never allow."""

from __future__ import annotations

from collections.abc import Mapping

from tests.iam_simulate.installation import (
    BUCKET,
    CENTRAL,
    CREATOR_ROLE,
    FAILURES,
    HANDLER_ROLE,
    HOME,
    LEDGER,
    NAMES,
    ORGANIZATION,
    REPAIRER_ROLE,
)
from tests.iam_simulate.judge import Call
from tests.operator_policies import operator_policy

VIA_CLOUDFORMATION = {"aws:CalledVia": ["cloudformation.amazonaws.com"]}


def by(command: str, action: str, resource: str, *, context: Mapping[str, str | list[str]] | None = None) -> Call:
    """A call of a principal with the policy of one command."""
    return Call(
        principal=f"arn:aws:sts::{CENTRAL}:assumed-role/operates-{command}/someone",
        action=action,
        resource=resource,
        account=resource.split(":")[4] or CENTRAL if resource != "*" else CENTRAL,
        context={"aws:PrincipalOrgID": ORGANIZATION, **(context or {})},
        identity_policies=[operator_policy(NAMES, command)],
    )


STACK = f"arn:aws:cloudformation:{HOME}:{CENTRAL}:stack/deployer-central/0"
OTHER_STACK = f"arn:aws:cloudformation:{HOME}:{CENTRAL}:stack/payroll/0"
OTHER_STACK_SET = f"arn:aws:cloudformation:{HOME}:{CENTRAL}:stackset/guardrails:0"

MANAGEMENT = "100000000000"
POLICY = f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/p-00000000"
MANAGED = f"arn:aws:account::{MANAGEMENT}:account/{ORGANIZATION}/{CENTRAL}"

BY_OPERATORS: dict[str, Call] = {
    "the look policy deploys": by("look", "cloudformation:ExecuteChangeSet", STACK),
    "the look policy reads a function's code": by("look", "lambda:GetFunction", NAMES.function_arn),
    "the look policy reads the ledger": by("look", "dynamodb:Query", f"{LEDGER}/index/by-outcome"),
    "the audit policy writes to the ledger": by("audit", "dynamodb:PutItem", LEDGER),
    "the audit policy scans the ledger": by("audit", "dynamodb:Scan", LEDGER),
    "the audit policy reads a queue": by("audit", "sqs:ReceiveMessage", FAILURES),
    "the doctor policy reads the ledger": by("doctor", "dynamodb:Query", f"{LEDGER}/index/by-outcome"),
    "the doctor policy reads a function's code": by("doctor", "lambda:GetFunction", NAMES.function_arn),
    "the doctor policy reads objects of the bucket": by("doctor", "s3:GetObject", f"{BUCKET}/handler/0.zip"),
    "the doctor policy reads a role with another name": by(
        "doctor", "iam:GetRole", f"arn:aws:iam::{CENTRAL}:role/administrator"
    ),
    "the doctor policy changes a trail": by(
        "doctor", "cloudtrail:StopLogging", f"arn:aws:cloudtrail:{HOME}:{CENTRAL}:trail/organization"
    ),
    "the doctor policy changes a policy": by("doctor", "organizations:UpdatePolicy", POLICY),
    "the doctor policy enables a region": by("doctor", "account:EnableRegion", MANAGED),
    "the doctor policy assumes a member's role": by("doctor", "sts:AssumeRole", CREATOR_ROLE),
    "the probe policy assumes a creator role": by("probe", "sts:AssumeRole", CREATOR_ROLE),
    "the probe policy assumes a repairer role without the operator role": by("probe", "sts:AssumeRole", REPAIRER_ROLE),
    "the probe policy writes to the ledger": by("probe", "dynamodb:PutItem", LEDGER),
    "the rollout policy changes a role without CloudFormation": by("rollout", "iam:PutRolePolicy", HANDLER_ROLE),
    "the rollout policy creates a role with another name": by(
        "rollout", "iam:CreateRole", f"arn:aws:iam::{CENTRAL}:role/administrator-2", context=VIA_CLOUDFORMATION
    ),
    "the rollout policy passes the handler's role to another service": by(
        "rollout",
        "iam:PassRole",
        HANDLER_ROLE,
        context={**VIA_CLOUDFORMATION, "iam:PassedToService": "ec2.amazonaws.com"},
    ),
    "the rollout policy passes the role for notices to Lambda": by(
        "rollout",
        "iam:PassRole",
        NAMES.notices_role_arn,
        context={**VIA_CLOUDFORMATION, "iam:PassedToService": "lambda.amazonaws.com"},
    ),
    "the rollout policy changes the function without CloudFormation": by(
        "rollout", "lambda:UpdateFunctionCode", NAMES.function_arn
    ),
    "the rollout policy deploys another stack": by("rollout", "cloudformation:ExecuteChangeSet", OTHER_STACK),
    "the rollout policy changes another StackSet": by("rollout", "cloudformation:UpdateStackSet", OTHER_STACK_SET),
    "the rollout policy assumes a creator role": by("rollout", "sts:AssumeRole", CREATOR_ROLE),
    "the rollout policy deletes the ledger": by("rollout", "dynamodb:DeleteTable", LEDGER, context=VIA_CLOUDFORMATION),
    "the destroy policy deletes the ledger": by("destroy", "dynamodb:DeleteTable", LEDGER),
    "the destroy policy has CloudFormation delete the ledger": by(
        "destroy", "dynamodb:DeleteTable", LEDGER, context=VIA_CLOUDFORMATION
    ),
    "the destroy policy deploys": by("destroy", "cloudformation:CreateStackSet", "*"),
    "the delete-ledger policy deletes another table": by(
        "delete-ledger", "dynamodb:DeleteTable", f"arn:aws:dynamodb:{HOME}:{CENTRAL}:table/customers"
    ),
    "the delete-ledger policy empties another bucket": by(
        "delete-ledger", "s3:DeleteObject", f"{BUCKET.replace('artifacts', 'backups')}/x"
    ),
}
