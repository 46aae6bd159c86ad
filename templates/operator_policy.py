"""The minimal IAM policies for the commands, for principals that run them in the central account. Pure.

CloudFormation deploys the two central stacks with the permissions of its caller, so a roll-out also needs the
permissions of their resource types. These are allowed only for calls that CloudFormation makes on the caller's behalf.
In member accounts, StackSets use their own role, so no permissions are needed there.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from templates.central_resources import artifacts_bucket, central_resources
from templates.names import Names
from templates.policies import ASSUME
from templates.policy_documents import Conditions, Policy, Statement, policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One statement, and why a command needs it."""

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    condition: Conditions | None = None

    @property
    def services(self) -> frozenset[str]:
        """Prefixes of its actions, which are the services of its resources too."""
        return frozenset(action.partition(":")[0] for action in self.actions)

    def statement(self) -> Statement:
        """The statement in IAM's format."""
        document: Statement = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.condition:
            document["Condition"] = self.condition
        return document


VIA_CLOUDFORMATION = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}

LARGEST_POLICY = 10_240
"""Characters of all inline policies of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

BY_CLOUDFORMATION = "ByCloudFormation"
"""The Sid of merged statements."""

_CREATE_STACK_SETS = Permission(
    sid="CreateStackSets",
    why="Create StackSets; IAM has no resource for a StackSet that does not exist yet.",
    actions=("cloudformation:CreateStackSet",),
)

COMMANDS: Mapping[str, str] = {
    "look": "`plan`, `status`, and what reads the organization, as `init` and `organization`: read-only",
    "audit": "`audit list` and `audit export`: read the ledger only",
    "verify": "`audit show`, `audit verify`, `audit usage`: all of `audit`, and read repositories",
    "repair": "`audit repair`, `audit adopt`: all of `verify`, change repositories that the handler created, and adopt"
    " others",
    "doctor": "`doctor`: read the prerequisites of a roll-out; it reports what it may not read as not checked",
    "probe": "`doctor --probe`: read the ledger, and push to the probe's repository with the operator role",
    "failures": "`failures`: assume the operator role, which reads and redrives failures; nothing else",
    "rollout": "`rollout`: all of `look` but topics and the inspection of the central account, and deploy",
    "destroy": "`destroy`: what `rollout` reads, and delete what it deployed",
    "delete-ledger": "`destroy --delete-ledger`: all of `destroy`, and delete the ledger permanently",
}
"""The policies, and the commands that each is for."""


def operator_policy(names: Names, *commands: str) -> Policy:
    """The policy document of one or several of `COMMANDS`."""
    return policy_of([one for command in commands for one in permissions(names, command)])


def policy_of(needed: Sequence[Permission]) -> Policy:
    """The document that allows these; what is needed repeatedly is in it once, and each Sid is unique."""
    statements: list[Statement] = []
    used: Counter[str] = Counter()
    for one in _merged([one for at, one in enumerate(needed) if one not in needed[:at]]):
        used[one.sid] += 1
        number = used[one.sid]
        statements.append((replace(one, sid=f"{one.sid}{number}") if number > 1 else one).statement())
    return policy(*statements)


def size_of(policy: Policy) -> int:
    """Its characters as IAM counts them, without white space."""
    return len(json.dumps(policy, separators=(",", ":")))


def _merged(needed: Sequence[Permission]) -> Sequence[Permission]:
    """The same with fewer statements: of what only CloudFormation may use, each has resources of several services.

    Their condition alone takes 70 characters of `LARGEST_POLICY`.
    """
    merged: list[Permission] = []
    for one in needed:
        into = next((at for at, other in enumerate(merged) if _may_merge(one, other)), None)
        if into is None:
            sid = BY_CLOUDFORMATION if one.condition == VIA_CLOUDFORMATION else one.sid
            merged.append(replace(one, sid=sid))
        else:
            actions = dict.fromkeys((*merged[into].actions, *one.actions))
            resources = dict.fromkeys((*merged[into].resources, *one.resources))
            merged[into] = replace(merged[into], actions=tuple(actions), resources=tuple(resources))
    return merged


def _may_merge(one: Permission, other: Permission) -> bool:
    """Whether one statement for both allows nothing more.

    No action applies to a resource of another service, so either the services differ, or the resources are the same.
    """
    if one.condition != VIA_CLOUDFORMATION or other.condition != VIA_CLOUDFORMATION:
        return False
    return one.resources == other.resources or (
        one.services.isdisjoint(other.services) and "*" not in (*one.resources, *other.resources)
    )


def permissions(names: Names, command: str) -> Sequence[Permission]:
    """The statements of the policy of one of `COMMANDS`."""
    read = _read(names)
    destroy = (
        *read,
        *_change_stack_sets(names, "DeleteStackInstances", "DeleteStackSet"),
        *_delete_stacks(names),
        Permission(
            sid="FindLedger",
            why="Report that the ledger is kept, or how to delete it.",
            actions=("dynamodb:DescribeTable",),
            resources=(names.ledger_table_arn,),
        ),
    )
    return {
        "look": (*read, _find_topics(names), *_inspect_central(names)),
        "audit": (*_read_accounts(), *_read_ledger(names)),
        "verify": (*_read_accounts(), *_read_ledger(names), _assume_auditor_roles(names)),
        "repair": (*_read_accounts(), *_read_ledger(names), _assume_auditor_roles(names), _assume_operator_role(names)),
        "doctor": (*_find_stack_sets(), *_find_buckets(names), _identify_stack_sets(names), *_examine(names)),
        "probe": (*_read_accounts(), *_read_ledger(names), _assume_operator_role(names)),
        "failures": (_assume_operator_role(names),),
        "rollout": (
            *read,
            _CREATE_STACK_SETS,
            *_change_stack_sets(
                names,
                "CreateStackInstances",
                "DeleteStackInstances",
                "DeleteStackSet",  # of settings that no OU configures any more
                "UpdateStackSet",
            ),
            *_deploy_stacks(names),
        ),
        "destroy": destroy,
        "delete-ledger": (*destroy, _delete_ledger(names)),
    }[command]


def _read_accounts() -> tuple[Permission, ...]:
    actions = ("DescribeOrganization", "ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent")
    return (
        Permission(
            sid="ReadOrganization",
            why="Find accounts and OUs, and show their names.",
            actions=(*(f"organizations:{action}" for action in actions), "organizations:ListParents",
                     "organizations:ListRoots"),
        ),
    )  # fmt: skip


def _find_stack_sets() -> tuple[Permission, ...]:
    return (
        *_read_accounts(),
        Permission(
            sid="FindStackSets",
            why="Find the StackSets, whether trusted access is enabled, which regions are enabled, and the delegated"
            " administrators; without the latter, StackSets reject the central account as not delegated.",
            actions=(
                *_cloudformation("DescribeOrganizationsAccess", "ListStackSets"),
                "account:ListRegions",
                "ec2:DescribeRegions",
                "organizations:ListDelegatedAdministrators",
            ),
        ),
    )


def _read(names: Names) -> tuple[Permission, ...]:
    return (
        *_find_stack_sets(),
        Permission(
            sid="ReadStackSets",
            why="Compare the StackSets with the config files, account by account.",
            actions=_cloudformation(
                "DescribeStackSet", "ListStackInstances", "ListStackSetAutoDeploymentTargets",
                "ListStackSetOperationResults", "ListStackSetOperations",
            ),
            resources=_stack_sets(names),
        ),
        Permission(
            sid="ReadStacks",
            why="Compare the central stacks with the config files, and the functions' code with the stacks.",
            actions=(
                *_cloudformation("DescribeStacks", "GetTemplate"),
                "lambda:GetFunctionConfiguration",
            ),
            resources=(*_stacks(names), names.function_arn, names.watch_function_arn),
        ),
        *_find_buckets(names),
        Permission(
            sid="ReadArtifacts",
            why="Read the deployed settings, which are in the handler's zip, and the lock of roll-outs.",
            actions=("s3:GetObject", "s3:ListBucket"),
            resources=artifacts_bucket(names),
        ),
    )  # fmt: skip


def _find_topics(names: Names) -> Permission:
    """Without it, and in accounts that deny it, a topic is taken to exist."""
    return Permission(
        sid="FindTopics",
        why="Refuse config files that name a topic that does not exist.",
        actions=("sns:GetTopicAttributes",),
        resources=(f"arn:{names.partition}:sns:{names.central_region}:*:*",),
    )


def _inspect_central(names: Names) -> tuple[Permission, ...]:
    """What `--deep` reads in the central account. `sns:GetTopicAttributes` is in `FindTopics`."""
    central, arn = f"{names.central_region}:{names.central_account}", f"arn:{names.partition}"
    groups = (names.log_group, names.watch_log_group)
    return (
        Permission(
            sid="InspectCentral",
            why="With --deep, compare the resources of the central stacks with their templates.",
            actions=(
                "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard",
                "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive",
                "events:DescribeArchive", "events:DescribeEventBus", "events:DescribeRule", "events:ListTargetsByRule",
                "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
                "lambda:GetFunctionConcurrency", "lambda:GetFunctionEventInvokeConfig", "lambda:GetFunctionUrlConfig",
                "lambda:GetPolicy",
                "logs:DescribeMetricFilters",
                "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration",
                "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
            ),
            resources=(
                names.alarm_arn("*"),
                f"{arn}:cloudwatch::{names.central_account}:dashboard/{names.dashboard}",
                names.ledger_table_arn,
                names.event_archive_arn,
                names.event_bus_arn,
                names.central_rule_arn,
                names.notices_rule_arn,
                f"{arn}:events:{central}:rule/{names.watch_rule}",
                names.function_role_arn,
                names.watch_role_arn,
                names.operator_role_arn,
                names.notices_role_arn,
                names.function_arn,
                names.watch_function_arn,
                *(f"{arn}:logs:{central}:log-group:{group}{end}" for group in groups for end in ("", ":*")),
                artifacts_bucket(names)[0],
                names.failures_queue_arn,
                names.notices_dead_letter_queue_arn,
            ),
        ),
        Permission(
            sid="FindLogGroups",
            why="Find the log groups, for which IAM has no resource type.",
            actions=("logs:DescribeLogGroups",),
        ),
    )  # fmt: skip


def _find_buckets(names: Names) -> tuple[Permission, ...]:
    return (
        Permission(
            sid="FindBuckets",
            why="Find installations of another prefix or region in the central account, by their buckets.",
            actions=("s3:ListAllMyBuckets",),
        ),
        Permission(
            sid="IdentifyBuckets",
            why="Read the tag by which the bucket of an installation is recognized.",
            actions=("s3:GetBucketTagging",),
            resources=(f"arn:{names.partition}:s3:::*-artifacts-{names.central_account}-*",),
        ),
    )


def _identify_stack_sets(names: Names) -> Permission:
    return Permission(
        sid="IdentifyStackSets",
        why="Find out to which central account and region an installation of the same prefix belongs.",
        actions=_cloudformation("DescribeStackSet"),
        resources=_stack_sets(names),
    )


def _examine(names: Names) -> tuple[Permission, ...]:
    """What `doctor` reads in addition to the organization. It reads nothing in member accounts."""
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
            why="Find out whether a service control policy denies calls of StackSets or the creator role.",
            actions=("organizations:DescribePolicy", "organizations:ListTargetsForPolicy"),
            resources=tuple(f"{owner}/service_control_policy/p-*" for owner in owners),
        ),
        Permission(
            sid="ReadTrails",
            why="Find out whether a trail, possibly one of the management account, logs pushes.",
            actions=("cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"),
            resources=(f"{arn}:cloudtrail:*:*:trail/*",),
        ),
        Permission(
            sid="ReadQuotas",
            why="Find out whether the quotas suffice for StackSets, their instances and roles.",
            actions=("iam:GetAccountSummary", "servicequotas:GetServiceQuota"),
        ),
        Permission(
            sid="ReadNames",
            why="Find out whether names that a roll-out uses in the central account are taken.",
            actions=(
                "cloudformation:DescribeStacks", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource",
                "events:DescribeEventBus", "events:DescribeRule", "events:ListTagsForResource", "iam:GetRole",
                "lambda:ListTags", "logs:ListTagsForResource", "s3:ListBucket",
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


def _assume_auditor_roles(names: Names) -> Permission:
    return Permission(
        sid="AssumeAuditorRoles",
        why="Assume the role that reads repositories, in any account.",
        actions=ASSUME,
        resources=(names.role_arn("*", names.auditor_role),),
        condition={"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    )


def _assume_operator_role(names: Names) -> Permission:
    return Permission(
        sid="AssumeOperatorRole",
        why="Assume the operator role: it handles failures, records adoptions, and may assume the roles that change"
        " repositories which the handler created or a person adopted.",
        actions=ASSUME,
        resources=(names.operator_role_arn,),
    )


def _change_stack_sets(names: Names, *operations: str) -> tuple[Permission, ...]:
    """Change StackSets and their instances, and hold the lock of roll-outs."""
    anywhere = f"arn:{names.partition}:cloudformation:*:*"
    return (
        Permission(
            sid="ChangeStackSets",
            why="Deploy to member accounts, or delete there, and follow it; StackSets use their own role in them.",
            actions=_cloudformation("DescribeStackSetOperation", *operations),
            resources=(
                *_stack_sets(names),
                f"{anywhere}:stackset-target/{names.prefix}-*:*",
                f"{anywhere}:type/resource/*",
            ),
        ),
        Permission(
            sid="WriteArtifacts",
            why="Upload the handler's zip and large templates, and write the lock of roll-outs.",
            actions=("s3:PutObject",),
            resources=(artifacts_bucket(names)[1],),
        ),
    )


def _deploy_stacks(names: Names) -> tuple[Permission, ...]:
    return (
        Permission(
            sid="DeployStacks",
            why="Deploy the two central stacks with change sets.",
            actions=_cloudformation(
                "CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "DescribeStackEvents", "ExecuteChangeSet",
                "DeleteStack",  # after a failed creation
            ),
            resources=_stacks(names),
        ),
        Permission(
            sid="ExplainChangeSets",
            why="Report the resource if CloudFormation rejects a change set.",
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
            "CloudFormation passes the roles of the functions.",
            names.function_role_arn,
            names.watch_role_arn,
            to="lambda.amazonaws.com",
        ),
        _pass_roles(
            "PassNoticesRole",
            "CloudFormation passes the role of the rule for notices.",
            names.notices_role_arn,
            to="events.amazonaws.com",
        ),
    )  # fmt: skip


def _pass_roles(sid: str, why: str, *roles: str, to: str) -> Permission:
    """Roles that may be passed to a service; this check may lack the key `aws:CalledVia` (A8)."""
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
            why="Delete the two central stacks, and follow it.",
            actions=_cloudformation("DeleteStack", "DescribeStackEvents"),
            resources=_stacks(names),
        ),
        Permission(
            sid="DeleteBucket",
            why="Delete the artifacts bucket, which its stack retains, with all object versions.",
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
        why="Disable deletion protection of the ledger and delete it. It cannot be restored after 35 days.",
        actions=("dynamodb:DeleteTable", "dynamodb:UpdateTable"),
        resources=(names.ledger_table_arn,),
    )


def _cloudformation(*operations: str) -> tuple[str, ...]:
    return tuple(f"cloudformation:{operation}" for operation in operations)


def _stack_sets(names: Names) -> tuple[str, ...]:
    """All StackSets of the installation; their owner is the management account, regardless of the administrator."""
    return (f"arn:{names.partition}:cloudformation:*:*:stackset/{names.prefix}-*:*",)


def _change_sets(names: Names) -> tuple[str, ...]:
    here = f"arn:{names.partition}:cloudformation:{names.central_region}:{names.central_account}"
    return (f"{here}:changeSet/deployer-*/*",)


def _stacks(names: Names) -> tuple[str, ...]:
    here = f"arn:{names.partition}:cloudformation:{names.central_region}:{names.central_account}"
    return tuple(f"{here}:stack/{name}/*" for name in (names.artifacts_stack, names.central_stack))
