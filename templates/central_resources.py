"""The permissions to deploy and delete the resources of the central stacks by CloudFormation, by service. Pure."""

from __future__ import annotations

from typing import NamedTuple

from templates.names import Names


class Row(NamedTuple):
    """Some resources of one service, and the actions that CloudFormation needs to deploy and delete them."""

    sid: str
    what: str
    service: str
    deploying: tuple[str, ...]
    deleting: tuple[str, ...]
    resources: tuple[str, ...]


def central_resources(names: Names) -> tuple[Row, ...]:
    """A row for each kind of resource in the two central stacks."""
    central = f"{names.central_region}:{names.central_account}"
    arn = f"arn:{names.partition}"
    rules = tuple(
        f"{arn}:events:{central}:rule/{rule}"
        for rule in (
            f"{names.event_bus}/{names.central_rule}",
            f"{names.event_bus}/{names.notices_rule}",
            names.watch_rule,
        )
    )
    roles = (names.function_role_arn, names.watch_role_arn, names.operator_role_arn, names.notices_role_arn)
    queue = ("CreateQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "SetQueueAttributes", "TagQueue",
             "UntagQueue")  # fmt: skip
    queue_deletion = ("DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "SetQueueAttributes")
    groups = tuple(
        f"{arn}:logs:{central}:log-group:{group}{end}"
        for group in (names.log_group, names.watch_log_group)
        for end in ("", ":*")
    )
    functions = tuple(f"{arn}:lambda:{central}:function:{name}" for name in (names.function, names.watch_function))
    return (
        Row("Bucket", "the artifacts bucket and its policy", "s3",
         ("CreateBucket", "PutBucketOwnershipControls", "PutBucketPolicy",
          "PutBucketPublicAccessBlock", "PutBucketTagging", "PutBucketVersioning", "PutEncryptionConfiguration",
          "PutLifecycleConfiguration", "TagResource", "UntagResource", *BUCKET_READS),
         ("DeleteBucketPolicy", "GetBucketPolicy", "ListBucket"), (artifacts_bucket(names)[0],)),
        Row("HandlerCode", "the handler's code in the bucket", "s3",
         ("GetObject", "GetObjectVersion"), ("GetObject",), (artifacts_bucket(names)[1],)),
        Row("Ledger", "the ledger's table", "dynamodb",
         ("CreateTable", "DescribeContinuousBackups", "DescribeContributorInsights",
          "DescribeKinesisStreamingDestination", "DescribeTable", "DescribeTimeToLive", "GetResourcePolicy",
          "ListTagsOfResource", "TagResource", "UntagResource", "UpdateContinuousBackups", "UpdateTable",
          "UpdateTimeToLive"),
         ("DescribeTable",), (names.ledger_table_arn,)),
        Row("FailuresQueue", "the failures queue and its policy", "sqs", queue, queue_deletion,
            (names.failures_queue_arn,)),
        Row("NoticesQueue", "the queue for unpublished notices, if notifications are configured", "sqs",
            ("DeleteQueue", *queue), queue_deletion, (names.notices_dead_letter_queue_arn,)),
        Row("Roles", "the roles of the central account", "iam",
         ("CreateRole", "DeleteRolePolicy", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies",
          "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription",
          "DeleteRole"),
         ("DeleteRole", "DeleteRolePolicy", "GetRole", "ListAttachedRolePolicies", "ListRolePolicies"), roles),
        Row("Functions", "the functions, their permissions, and their destinations for failed events", "lambda",
         ("AddPermission", "CreateFunction", "CreateFunctionUrlConfig", "DeleteFunction", "DeleteFunctionUrlConfig",
          "GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionEventInvokeConfig", "GetFunctionRecursionConfig",
          "GetFunctionScalingConfig", "GetFunctionUrlConfig", "GetPolicy", "GetRuntimeManagementConfig",
          "DeleteFunctionConcurrency", "PutFunctionConcurrency", "PutFunctionEventInvokeConfig", "RemovePermission",
          "TagResource", "UntagResource", "UpdateFunctionCode", "UpdateFunctionConfiguration",
          "UpdateFunctionEventInvokeConfig", "UpdateFunctionUrlConfig"),
         ("DeleteFunction", "DeleteFunctionEventInvokeConfig", "DeleteFunctionUrlConfig", "GetFunction",
          "GetFunctionUrlConfig", "RemovePermission"), functions),
        Row("Logs", "the log groups and their metric filters", "logs",
         ("CreateLogGroup", "DeleteMetricFilter", "DescribeIndexPolicies", "DescribeMetricFilters",
          "GetDataProtectionPolicy", "ListTagsForResource", "PutMetricFilter",
          "PutRetentionPolicy", "TagResource", "UntagResource"),
         ("DeleteLogGroup", "DeleteMetricFilter", "DescribeMetricFilters"), groups),
        Row("LogGroups", "finding the log groups", "logs",
         ("DescribeLogGroups", "DescribeResourcePolicies"), ("DescribeLogGroups",), ("*",)),
        Row("Events", "the event bus, its archive, and the rules", "events",
         ("CreateArchive", "CreateEventBus", "DeleteRule", "DescribeArchive", "DescribeEventBus", "DescribeRule",
          "ListTagsForResource", "ListTargetsByRule", "PutRule", "PutTargets", "RemoveTargets", "TagResource",
          "UntagResource", "UpdateArchive", "UpdateEventBus"),
         ("DeleteArchive", "DeleteEventBus", "DeleteRule", "DescribeArchive", "DescribeEventBus", "DescribeRule",
          "ListTargetsByRule", "RemoveTargets"),
         (names.event_bus_arn, names.event_archive_arn, *rules)),
        Row("BusPolicies", "the policy of the event bus, for which IAM has no resource type", "events",
         ("PutPermission", "RemovePermission"), ("RemovePermission",), ("*",)),
        Row("Notices", "the topic for notices, if deployer creates it", "sns",
         ("CreateTopic", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic",
          "ListTagsForResource", "SetTopicAttributes", "TagResource", "UntagResource"),
         ("DeleteTopic", "GetTopicAttributes", "SetTopicAttributes"), (f"{arn}:sns:{central}:{names.notices_topic}",)),
        Row("Watching", "the alarms and the dashboard", "cloudwatch",
         ("DeleteAlarms", "DescribeAlarms", "GetDashboard", "ListTagsForResource", "PutDashboard", "PutMetricAlarm",
          "TagResource", "UntagResource"),
         ("DeleteAlarms", "DeleteDashboards", "DescribeAlarms", "GetDashboard"),
         (names.alarm_arn("*"), f"{arn}:cloudwatch::{names.central_account}:dashboard/{names.dashboard}")),
    )  # fmt: skip


BUCKET_READS = ("Get*Configuration", "GetBucket*", "ListBucket", "ListTagsForResource")
"""What CloudFormation reads to import a retained bucket into a new stack: all settings of a bucket, currently about
twenty. Listing each by name would exceed the size of a role's policies.
"""


def artifacts_bucket(names: Names) -> tuple[str, str]:
    """The ARNs of the artifacts bucket and of its objects."""
    bucket = f"arn:{names.partition}:s3:::{names.artifacts_bucket}"
    return bucket, f"{bucket}/*"
