"""Which actions on which resources a call needs; https://docs.aws.amazon.com/service-authorization/latest/reference/.

One table a service, its rows ARNs with the call's parameters in braces. `special_actions` has the calls that need more
than one action, or whose action has another name than the operation. A call in neither is unknown, and denied to roles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from moto.ecr.models import ecr_backends

from aws_org_sandbox.calls import Call
from aws_org_sandbox.credentials import PARTITION
from aws_org_sandbox.iam.contexts import Context

ANY = "*"
_ROLE = "arn:{partition}:iam::{account}:role/{RoleName}"
_POLICY = "{PolicyArn}"
_REPOSITORY = "arn:{partition}:ecr:{region}:{account}:repository/{repositoryName}"
_TABLE = "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}"
_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}"
_LOG_GROUP = "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}"
_LOG_STREAM = _LOG_GROUP + ":log-stream:{logStreamName}"
_BUS = "arn:{partition}:events:{region}:{account}:event-bus/{Name}"
_ARCHIVE = "arn:{partition}:events:{region}:{account}:archive/{ArchiveName}"
_TOPIC = "{TopicArn}"
_ALARM = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}"
_BUCKET = "arn:{partition}:s3:::{Bucket}"
_OBJECT = _BUCKET + "/{Key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One action that a call needs. `resource` None: unknown to the sandbox; `account` None: the caller's."""

    action: str
    resource: str | None
    account: str | None = None
    context: Context = field(default_factory=dict)
    creates: bool = False
    """Whether the call creates the resource: the policy of an existing one with this name does not apply."""


Needs = Callable[[Call], Iterable[Need]]
"""The needs of calls that a table row cannot describe."""


def each(needs: Needs, service: str, *operations: str) -> dict[tuple[str, str], Needs]:
    """The same need for several operations of a service."""
    return {(service, operation): needs for operation in operations}


def _rows(resource: str, *operations: str) -> dict[str, str]:
    return dict.fromkeys(operations, resource)


TABLES: Mapping[str, Mapping[str, str]] = {
    "ecr": {
        **_rows(ANY, "GetAuthorizationToken", "DescribeRegistry", "GetRegistryScanningConfiguration",
                "PutRegistryScanningConfiguration", "GetRegistryPolicy", "GetAccountSetting", "PutAccountSetting",
                "DeleteRepositoryCreationTemplate", "DescribeRepositoryCreationTemplates"),
        **_rows(_REPOSITORY, "BatchCheckLayerAvailability", "BatchDeleteImage", "BatchGetImage", "CompleteLayerUpload",
                "DeleteLifecyclePolicy", "DeleteRepository", "DeleteRepositoryPolicy", "DescribeImages",
                "DescribeImageScanFindings", "GetDownloadUrlForLayer", "GetLifecyclePolicy", "GetRepositoryPolicy",
                "InitiateLayerUpload", "ListImages", "PutImage", "PutImageScanningConfiguration",
                "PutImageTagMutability", "PutLifecyclePolicy", "SetRepositoryPolicy", "UpdateImageStorageClass",
                "UploadLayerPart"),
        **_rows("{resourceArn}", "ListTagsForResource", "TagResource", "UntagResource"),
    },
    "dynamodb": {
        **_rows(_TABLE, "CreateTable", "DeleteTable", "DescribeContinuousBackups", "DescribeTable",
                "DescribeTimeToLive", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
        **_rows("{ResourceArn}", "ListTagsOfResource", "TagResource", "UntagResource"),
        **_rows(ANY, "ListTables"),
    },
    "iam": {
        **_rows(_ROLE, "AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePermissionsBoundary",
                "DeleteRolePolicy", "DetachRolePolicy", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies",
                "ListInstanceProfilesForRole", "ListRolePolicies", "ListRoleTags", "PutRolePermissionsBoundary",
                "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole",
                "UpdateRoleDescription"),
        **_rows(_POLICY, "DeletePolicy", "GetPolicy", "GetPolicyVersion"),
        **_rows(ANY, "GetAccountSummary", "ListRoles", "ListPolicies"),
    },
    "lambda": {
        **_rows(_FUNCTION, "CreateFunction", "DeleteFunction", "DeleteFunctionEventInvokeConfig",
                "GetFunction", "GetFunctionConcurrency", "GetFunctionConfiguration", "GetFunctionEventInvokeConfig",
                "GetPolicy",
                "DeleteFunctionConcurrency", "PutFunctionConcurrency",
                "PutFunctionEventInvokeConfig", "RemovePermission", "UpdateFunctionCode",
                "UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig"),
        **_rows("{Resource}", "ListTags", "TagResource", "UntagResource"),
        **_rows(ANY, "ListFunctions"),
    },
    "logs": {
        **_rows(_LOG_GROUP, "AssociateKmsKey", "CreateLogStream", "DeleteMetricFilter", "DeleteRetentionPolicy",
                "DescribeLogStreams", "DescribeMetricFilters", "DisassociateKmsKey", "FilterLogEvents",
                "PutMetricFilter", "PutRetentionPolicy"),
        **_rows(_LOG_GROUP + ":*", "CreateLogGroup", "DeleteLogGroup"),
        **_rows(_LOG_STREAM, "GetLogEvents", "PutLogEvents"),
        **_rows("{resourceArn}", "ListTagsForResource", "TagResource", "UntagResource"),
        **_rows(ANY, "DescribeLogGroups"),
    },
    "events": {
        **_rows(_BUS, "CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus"),
        **_rows("arn:{partition}:events:{region}:{account}:replay/{ReplayName}", "CancelReplay", "DescribeReplay"),
        **_rows(_ARCHIVE, "CreateArchive", "DeleteArchive", "DescribeArchive", "UpdateArchive"),
        **_rows("{ResourceARN}", "ListTagsForResource", "TagResource", "UntagResource"),
        **_rows(ANY, "ListEventBuses", "ListRules", "ListArchives", "PutPermission", "RemovePermission"),
    },
    "cloudwatch": {
        **_rows(_ALARM, "PutMetricAlarm"),
        **_rows("{ResourceARN}", "ListTagsForResource", "TagResource", "UntagResource"),
        **_rows("arn:{partition}:cloudwatch::{account}:dashboard/{DashboardName}", "GetDashboard", "PutDashboard"),
        **_rows(ANY, "GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"),
    },
    "ec2": _rows(ANY, "DescribeRegions"),
    "sns": {
        **_rows(_TOPIC, "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish",
                "SetTopicAttributes", "Subscribe"),
        **_rows("arn:{partition}:sns:{region}:{account}:{Name}", "CreateTopic"),
        **_rows("{ResourceArn}", "ListTagsForResource", "TagResource", "UntagResource"),
        **_rows(ANY, "ListTopics"),
    },
    "kms": {
        **_rows("{KeyId}", "CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"),
        **_rows(ANY, "CreateKey", "ListAliases", "ListKeys"),
    },
    "service-quotas": _rows("arn:{partition}:servicequotas:{region}:{account}:{ServiceCode}/{QuotaCode}",
                            "GetServiceQuota"),
    "sts": _rows(ANY, "GetCallerIdentity"),
}  # fmt: skip

PREFIXES = {"service-quotas": "servicequotas", "stepfunctions": "states", "resourcegroupstaggingapi": "tag"}
"""Services whose action prefix differs from botocore's service name."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def table_need(call: Call) -> Need | None:
    """The need of a call that is in a table; None for any other."""
    template = TABLES.get(call.service, {}).get(call.operation)
    if template is None:
        return None
    return need(call, template)


def need(call: Call, template: str, *, operation: str | None = None, context: Context | None = None) -> Need:
    """An action on the resource that `template` describes; an ARN in place of a name is used as it is."""
    account = str(call.parameters.get("registryId") or call.account) if call.service == "ecr" else call.account
    values = {"partition": PARTITION, "account": account, "region": call.region}
    resource = template
    for name in _PLACEHOLDER.findall(template):
        value = values.get(name) or str(call.parameters.get(name) or ANY)
        if value.startswith("arn:"):
            resource = value
            break
        resource = resource.replace(f"{{{name}}}", value)
    owner = resource.split(":", 5)[4] if resource.startswith("arn:") else ""
    return Need(
        action=f"{PREFIXES.get(call.service, call.service)}:{operation or call.operation}",
        resource=resource,
        account=None if _is_missing_repository(resource, operation or call.operation) else owner or None,
        context=context or {},
    )


def _is_missing_repository(arn: str, operation: str) -> bool:
    """A missing repository has no policy: AWS reports that it is missing to callers of other accounts too."""
    _, _, service, region, account, resource = [*arn.split(":", 5), *[""] * 6][:6]
    if service != "ecr" or operation == "CreateRepository":
        return False
    return resource.removeprefix("repository/") not in ecr_backends[account][region].repositories
