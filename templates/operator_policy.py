"""The smallest IAM policies that the commands work with, for whoever runs them in the central account. Pure.

CloudFormation deploys the two central stacks with its caller's own permissions, so rolling out takes more than calls to
CloudFormation: what its resource types need. Those are allowed only when CloudFormation makes the call on the caller's
behalf. In member accounts StackSets act with a role of their own, so nothing is needed there.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from templates.central_resources import artifacts_bucket, central_resources
from templates.names import Names
from templates.policies import ASSUME


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One statement: what may be done on what, and why a command needs it."""

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    condition: Mapping[str, Mapping[str, str]] | None = None

    def statement(self) -> dict[str, Any]:
        """As IAM takes it."""
        document: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return document | ({"Condition": self.condition} if self.condition else {})


VIA_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}

_CREATE_STACK_SETS = Permission(
    sid="CreateStackSets",
    why="IAM knows no resource for a StackSet that is not there yet.",
    actions=("cloudformation:CreateStackSet",),
)

COMMANDS: Mapping[str, str] = {
    "look": "`plan`, `status`, `validate`, `init` and `organization`: read, change nothing",
    "audit": "`audit list` and `audit export`: read the ledger, nothing else",
    "verify": "`audit show`, `audit verify`: all of `audit`, and look at repositories",
    "repair": "`audit repair`: all of `verify`, and change repositories of ours",
    "doctor": "`doctor`: read what a roll-out rests on, change nothing; what is left out, it reports as not checked",
    "probe": "`doctor --probe`: read the ledger, and ask for the probe's repository by the operator role",
    "roll-out": "`rollout`: all of `look`, and deploy",
    "destroy": "`destroy`: all of `look`, and delete what `rollout` deployed",
    "delete-ledger": "`destroy --delete-ledger`: all of `destroy`, and delete the ledger for good",
}
"""The policies that there are, and the commands that each is for."""


def operator_policy(names: Names, command: str) -> dict[str, Any]:
    """The policy document of one of `COMMANDS`."""
    return {"Version": "2012-10-17", "Statement": [one.statement() for one in permissions(names, command)]}


def permissions(names: Names, command: str) -> Sequence[Permission]:
    """What one of `COMMANDS` needs, statement by statement."""
    look = _look(names)
    destroy = (
        *look,
        *_change_stack_sets(names, "DeleteStackInstances", "DeleteStackSet"),
        *_delete_stacks(names),
        Permission(
            sid="FindLedger",
            why="Say that the ledger stays, or how to delete it.",
            actions=("dynamodb:DescribeTable",),
            resources=(names.ledger_table_arn,),
        ),
    )
    return {
        "look": look,
        "audit": (*_names_of_accounts(), *_read_ledger(names)),
        "verify": (*_names_of_accounts(), *_read_ledger(names), _look_into_members(names)),
        "repair": (*_names_of_accounts(), *_read_ledger(names), _look_into_members(names), _act_as_operator(names)),
        "doctor": (*_find_stack_sets(), *_examine(names)),
        "probe": (*_names_of_accounts(), *_read_ledger(names), _act_as_operator(names)),
        "roll-out": (
            *look,
            _CREATE_STACK_SETS,
            *_change_stack_sets(
                names,
                "CreateStackInstances",
                "DeleteStackInstances",
                "DeleteStackSet",  # of settings that no OU asks for any more
                "UpdateStackSet",
            ),
            *_deploy_stacks(names),
        ),
        "destroy": destroy,
        "delete-ledger": (*destroy, _delete_ledger(names)),
    }[command]


def _names_of_accounts() -> tuple[Permission, ...]:
    actions = ("DescribeOrganization", "ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent")
    return (
        Permission(
            sid="ReadOrganization",
            why="Know the accounts and OUs, and name them.",
            actions=(*(f"organizations:{action}" for action in actions), "organizations:ListParents",
                     "organizations:ListRoots"),
        ),
    )  # fmt: skip


def _find_stack_sets() -> tuple[Permission, ...]:
    return (
        *_names_of_accounts(),
        Permission(
            sid="FindStackSets",
            why="See which StackSets there are, whether StackSets may act, and which regions are enabled.",
            actions=(
                *_cloudformation("DescribeOrganizationsAccess", "ListStackSets"),
                "account:ListRegions",
                "ec2:DescribeRegions",
            ),
        ),
        Permission(
            sid="ProveDelegation",
            why="Act as a delegated administrator; without it StackSets take the central account for none.",
            actions=("organizations:ListDelegatedAdministrators",),
        ),
    )


def _look(names: Names) -> tuple[Permission, ...]:
    return (
        *_find_stack_sets(),
        Permission(
            sid="ReadStackSets",
            why="Compare the StackSets with the config files, account by account.",
            actions=_cloudformation(
                "DescribeStackSet", "DescribeStackSetOperation", "ListStackInstances",
                "ListStackSetAutoDeploymentTargets", "ListStackSetOperationResults", "ListStackSetOperations",
            ),
            resources=_stack_sets(names),
        ),
        Permission(
            sid="ReadStacks",
            why="Compare the central stacks with the config files.",
            actions=_cloudformation("DescribeStackEvents", "DescribeStacks", "GetTemplate"),
            resources=_stacks(names),
        ),
        Permission(
            sid="ReadArtifacts",
            why="Compare the settings in force, which are in the handler's zip; see whether a roll-out is under way.",
            actions=("s3:GetObject", "s3:ListBucket"),
            resources=artifacts_bucket(names),
        ),
    )  # fmt: skip


def _examine(names: Names) -> tuple[Permission, ...]:
    """What `doctor` reads beyond the organization. In members it looks into nothing."""
    here = f"{names.central_region}:{names.central_account}"
    arn = f"arn:{names.partition}"
    owners = (f"{arn}:organizations::*:policy/{names.organization_id}", f"{arn}:organizations::aws:policy")
    return (
        Permission(
            sid="FindPoliciesAndTrails",
            why="Find the service control policies and the trails.",
            actions=("cloudtrail:DescribeTrails", "organizations:ListPolicies"),
        ),
        Permission(
            sid="ReadPolicies",
            why="See whether a service control policy denies what StackSets or the creator role need.",
            actions=("organizations:DescribePolicy", "organizations:ListTargetsForPolicy"),
            resources=tuple(f"{owner}/service_control_policy/p-*" for owner in owners),
        ),
        Permission(
            sid="ReadTrails",
            why="See whether a trail, which may be the management account's, logs pushes.",
            actions=("cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"),
            resources=(f"{arn}:cloudtrail:*:*:trail/*",),
        ),
        Permission(
            sid="ReadQuotas",
            why="See whether quotas leave room for StackSets, their instances and roles.",
            actions=("iam:GetAccountSummary", "servicequotas:GetServiceQuota"),
        ),
        Permission(
            sid="ReadNames",
            why="See who holds the names that a roll-out gives in the central account.",
            actions=(
                "cloudformation:DescribeStacks", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource",
                "events:DescribeEventBus", "events:DescribeRule", "events:ListTagsForResource", "iam:GetRole",
                "lambda:ListTags", "logs:ListTagsForResource", "s3:GetBucketTagging", "s3:ListBucket",
                "sns:GetTopicAttributes", "sns:ListTagsForResource", "sqs:GetQueueUrl", "sqs:ListQueueTags",
            ),
            resources=(
                *_stacks(names),
                names.ledger_table_arn,
                names.event_bus_arn,
                f"{arn}:events:*:{names.central_account}:rule/{names.prefix}-*",
                f"{arn}:iam::{names.central_account}:role/{names.prefix}-*",
                f"{arn}:lambda:{here}:function:{names.prefix}-*",
                f"{arn}:logs:{here}:log-group:/aws/lambda/{names.prefix}-*",
                artifacts_bucket(names)[0],
                f"{arn}:sns:{here}:{names.notices_topic}",
                f"{arn}:sqs:*:{names.central_account}:{names.prefix}-*",
            ),
        ),
    )  # fmt: skip


def _read_ledger(names: Names) -> tuple[Permission, ...]:
    return (
        Permission(
            sid="ReadLedger",
            why="Read records by key and index; never a scan.",
            actions=("dynamodb:GetItem", "dynamodb:Query"),
            resources=(names.ledger_table_arn, f"{names.ledger_table_arn}/index/*"),
        ),
    )


def _look_into_members(names: Names) -> Permission:
    return Permission(
        sid="LookIntoMembers",
        why="Take on the role that looks at repositories, in whichever account.",
        actions=ASSUME,
        resources=(names.role_arn("*", names.auditor_role),),
        condition={"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    )


def _act_as_operator(names: Names) -> Permission:
    return Permission(
        sid="ActAsOperator",
        why="Take on the operator role, and by it the role that changes repositories of ours.",
        actions=ASSUME,
        resources=(names.operator_role_arn,),
    )


def _change_stack_sets(names: Names, *operations: str) -> tuple[Permission, ...]:
    """What changes StackSets and their instances, one roll-out at a time."""
    anywhere = f"arn:{names.partition}:cloudformation:*:*"
    return (
        Permission(
            sid="ChangeStackSets",
            why="Deploy to members, or take back; in them StackSets act with a role of their own.",
            actions=_cloudformation(*operations),
            resources=(
                *_stack_sets(names),
                f"{anywhere}:stackset-target/{names.prefix}-*:*",
                f"{anywhere}:type/resource/*",
            ),
        ),
        Permission(
            sid="WriteArtifacts",
            why="Upload the handler's zip and large templates; hold the lock of a roll-out, which is a file there too.",
            actions=("s3:PutObject",),
            resources=(artifacts_bucket(names)[1],),
        ),
    )


def _deploy_stacks(names: Names) -> tuple[Permission, ...]:
    return (
        Permission(
            sid="DeployStacks",
            why="Deploy the two central stacks, by change sets.",
            actions=_cloudformation(
                "CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "ExecuteChangeSet",
                "DeleteStack",  # what a failed creation left behind
            ),
            resources=_stacks(names),
        ),
        Permission(
            sid="ExplainChangeSets",
            why="Name the resource when CloudFormation refuses a change set.",
            actions=_cloudformation("DescribeEvents"),
            resources=(*_change_sets(names), *_stacks(names)),
        ),
        *(
            Permission(
                sid=sid,
                why=f"CloudFormation deploys: {what}.",
                actions=tuple(f"{service}:{action}" for action in deploying),
                resources=resources,
                condition=VIA_CLOUDFORMATION,
            )
            for sid, what, service, deploying, _, resources in central_resources(names)
        ),
        _pass_roles(
            "PassRoles",
            "CloudFormation gives the functions their roles.",
            names.function_role_arn,
            names.watch_role_arn,
            to="lambda.amazonaws.com",
        ),
        _pass_roles(
            "PassNoticesRole",
            "CloudFormation gives the rule for notices its role.",
            names.notices_role_arn,
            to="events.amazonaws.com",
        ),
    )  # fmt: skip


def _pass_roles(sid: str, why: str, *roles: str, to: str) -> Permission:
    """Roles that a service may get; that CloudFormation gives them is a key that this check may not carry (A8)."""
    return Permission(
        sid=sid,
        why=why,
        actions=("iam:PassRole",),
        resources=roles,
        condition={"StringEquals": {"iam:PassedToService": to}},
    )


def _delete_stacks(names: Names) -> tuple[Permission, ...]:
    return (
        Permission(
            sid="DeleteStacks",
            why="Delete the two central stacks.",
            actions=_cloudformation("DeleteStack"),
            resources=_stacks(names),
        ),
        Permission(
            sid="EmptyBucket",
            why="The artifacts bucket stays when its stack goes, and is deleted with every version in it.",
            actions=("s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"),
            resources=artifacts_bucket(names),
        ),
        *(
            Permission(
                sid=sid,
                why=f"CloudFormation deletes: {what}.",
                actions=tuple(f"{service}:{action}" for action in deleting),
                resources=resources,
                condition=VIA_CLOUDFORMATION,
            )
            for sid, what, service, _, deleting, resources in central_resources(names)
        ),
    )


def _delete_ledger(names: Names) -> Permission:
    return Permission(
        sid="DeleteLedger",
        why="Lift the ledger's protection and delete it. Nothing brings it back after 35 days.",
        actions=("dynamodb:DeleteTable", "dynamodb:UpdateTable"),
        resources=(names.ledger_table_arn,),
    )


def _cloudformation(*operations: str) -> tuple[str, ...]:
    return tuple(f"cloudformation:{operation}" for operation in operations)


def _stack_sets(names: Names) -> tuple[str, ...]:
    """All of deployer's, by its prefix; they are the management account's, whoever administers them."""
    return (f"arn:{names.partition}:cloudformation:*:*:stackset/{names.prefix}-*:*",)


def _change_sets(names: Names) -> tuple[str, ...]:
    here = f"arn:{names.partition}:cloudformation:{names.central_region}:{names.central_account}"
    return (f"{here}:changeSet/deployer-*/*",)


def _stacks(names: Names) -> tuple[str, ...]:
    here = f"arn:{names.partition}:cloudformation:{names.central_region}:{names.central_account}"
    return tuple(f"{here}:stack/{name}/*" for name in (names.artifacts_stack, names.central_stack))
