"""What operators read: the organization, StackSets and stacks, the central account, and the ledger. Pure."""

from __future__ import annotations

from templates.central_resources import artifacts_bucket
from templates.names import Names
from templates.operator_resources import cloudformation, stack_sets, stacks
from templates.permissions import Permission
from templates.policies import ASSUME


def read_accounts() -> tuple[Permission, ...]:
    """The organization: its accounts and OUs."""
    actions = ("DescribeOrganization", "ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent")
    return (
        Permission(
            sid="ReadOrganization",
            why="Find accounts and OUs, and show their names.",
            actions=(*(f"organizations:{action}" for action in actions), "organizations:ListParents",
                     "organizations:ListRoots"),
        ),
    )  # fmt: skip


def find_stack_sets() -> tuple[Permission, ...]:
    """The organization, and which StackSets exist in it."""
    return (
        *read_accounts(),
        Permission(
            sid="FindStackSets",
            why="Find the StackSets, whether trusted access is enabled, which regions are enabled, and the delegated"
            " administrators; without the latter, StackSets reject the central account as not delegated.",
            actions=(
                *cloudformation("DescribeOrganizationsAccess", "ListStackSets"),
                "account:ListRegions",
                "ec2:DescribeRegions",
                "organizations:ListDelegatedAdministrators",
            ),
        ),
    )


def read_state(names: Names) -> tuple[Permission, ...]:
    """The actual state that a plan compares with the config files."""
    return (
        *find_stack_sets(),
        Permission(
            sid="ReadStackSets",
            why="Compare the StackSets with the config files, account by account.",
            actions=cloudformation(
                "DescribeStackSet", "ListStackInstances", "ListStackSetAutoDeploymentTargets",
                "ListStackSetOperationResults", "ListStackSetOperations",
            ),
            resources=stack_sets(names),
        ),
        Permission(
            sid="ReadStacks",
            why="Compare the central stacks with the config files, and the functions' code with the stacks.",
            actions=(
                *cloudformation("DescribeStacks", "GetTemplate"),
                "lambda:GetFunctionConfiguration",
            ),
            resources=(*stacks(names), names.function_arn, names.watch_function_arn),
        ),
        *find_buckets(names),
        Permission(
            sid="ReadArtifacts",
            why="Read the deployed settings, which are in the handler's zip, and the lock of roll-outs.",
            actions=("s3:GetObject", "s3:ListBucket"),
            resources=artifacts_bucket(names),
        ),
    )  # fmt: skip


def find_topics(names: Names) -> Permission:
    """Without it, and in accounts that deny it, a topic is taken to exist."""
    return Permission(
        sid="FindTopics",
        why="Refuse config files that name a topic that does not exist.",
        actions=("sns:GetTopicAttributes",),
        resources=(f"arn:{names.partition}:sns:{names.central_region}:*:*",),
    )


def inspect_central(names: Names) -> tuple[Permission, ...]:
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


def find_buckets(names: Names) -> tuple[Permission, ...]:
    """Buckets of installations in the central account."""
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


def identify_stack_sets(names: Names) -> Permission:
    """StackSets of the same prefix."""
    return Permission(
        sid="IdentifyStackSets",
        why="Find out to which central account and region an installation of the same prefix belongs.",
        actions=cloudformation("DescribeStackSet"),
        resources=stack_sets(names),
    )


def examine(names: Names) -> tuple[Permission, ...]:
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
                *stacks(names),
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


def read_ledger(names: Names) -> tuple[Permission, ...]:
    """Records of the ledger."""
    return (
        Permission(
            sid="ReadLedger",
            why="Read records by key and index; never a scan.",
            actions=("dynamodb:GetItem", "dynamodb:Query"),
            resources=(names.ledger_table_arn, f"{names.ledger_table_arn}/index/*"),
        ),
    )


def assume_auditor_roles(names: Names) -> Permission:
    """The role that reads, in every account."""
    return Permission(
        sid="AssumeAuditorRoles",
        why="Assume the role that reads repositories, in any account.",
        actions=ASSUME,
        resources=(names.role_arn("*", names.auditor_role),),
        condition={"StringEquals": {"aws:ResourceOrgID": names.organization_id}},
    )


def assume_operator_role(names: Names) -> Permission:
    """The role that handles failures and leads to those that change repositories."""
    return Permission(
        sid="AssumeOperatorRole",
        why="Assume the operator role: it handles failures, records adoptions, and may assume the roles that change"
        " repositories which the handler created or a person adopted.",
        actions=ASSUME,
        resources=(names.operator_role_arn,),
    )
