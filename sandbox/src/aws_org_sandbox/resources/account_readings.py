"""The actual properties of resources that drift-aware change sets compare, beside those that StackSets read.

Only what has a reading is compared; AWS compares every type that has a read handler.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from aws_org_sandbox.resources.readings import READINGS
from aws_org_sandbox.resources.resource import Properties, ResourceContext

Reading = Callable[[ResourceContext, str, Properties], dict[str, Any] | None]

_MISSING = frozenset(
    {"NoSuchEntity", "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
     "ResourceNotFound", "DashboardNotFoundError", "NoSuchBucket", "NoSuchBucketPolicy", "NotFound",
     "NotFoundException"}
)  # fmt: skip


def is_compared(type_: str) -> bool:
    """Whether there is a reading."""
    return type_ in READINGS or type_ in _READINGS


def read(type_: str, context: ResourceContext, physical_id: str, properties: Properties) -> Properties | None:
    """The properties of a resource that are compared, None if it does not exist; `properties` are the deployed ones."""
    try:
        if type_ in READINGS:
            return READINGS[type_](context, physical_id)
        return _READINGS[type_](context, physical_id, properties)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise


def _alarm(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any] | None:
    found = context.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    names = ("ActionsEnabled", "AlarmActions", "ComparisonOperator", "DatapointsToAlarm", "EvaluationPeriods",
             "OKActions", "Threshold", "TreatMissingData")  # fmt: skip
    return {key: found[0].get(key) for key in names if key in properties} if found else None


def _dashboard(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any]:
    del properties
    return {"DashboardBody": context.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]}


def _table(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any]:
    dynamodb = context.client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    recovers = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    recovery = {**properties.get("PointInTimeRecoverySpecification", {}), "PointInTimeRecoveryEnabled": recovers}
    return {
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "PointInTimeRecoverySpecification": recovery,
        "TimeToLiveSpecification": {
            **properties.get("TimeToLiveSpecification", {}),
            "Enabled": expiry["TimeToLiveStatus"] == "ENABLED",
        },
    }


def _archive(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any]:
    del properties
    found = context.client("events").describe_archive(ArchiveName=name)
    return {
        "EventPattern": json.loads(found.get("EventPattern") or "null"),
        "RetentionDays": found.get("RetentionDays", 0),
    }


def _bus(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any]:
    del properties
    context.client("events").describe_event_bus(Name=name)
    return {}


def _bus_policy(context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found = context.client("events").describe_event_bus(Name=physical_id.partition("|")[0])
    for statement in json.loads(found.get("Policy") or "{}").get("Statement", ()):
        if statement["Sid"] == properties["StatementId"]:
            kept = "Sid" in properties["Statement"]
            return {"Statement": {key: value for key, value in statement.items() if key != "Sid" or kept}}
    return None


def _function(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any]:
    """Not its code, which can be written only: CloudFormation compares that with what it deployed last."""
    found = context.client("lambda").get_function(FunctionName=name)
    names = ("Description", "Environment", "Handler", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig")
    configuration = {key: found["Configuration"].get(key) for key in names}
    logging = found["Configuration"].get("LoggingConfig", {})
    logged = {key: logging.get(key) for key in properties.get("LoggingConfig", ())} or None
    reserved = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    return {**configuration, "LoggingConfig": logged, "ReservedConcurrentExecutions": reserved}


def _invoke_config(context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, Any]:
    name, qualifier = physical_id.split("|")
    client = context.client("lambda")
    found = client.get_function_event_invoke_config(FunctionName=name, Qualifier=qualifier)
    names = ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
    destinations = {
        key: value for key, value in found.get("DestinationConfig", {}).items()
        if value and key in properties.get("DestinationConfig", {})
    }  # fmt: skip
    return {**{key: found.get(key) for key in names}, "DestinationConfig": destinations}


def _permission(context: ResourceContext, statement: str, properties: Properties) -> dict[str, Any] | None:
    """A statement cannot be changed, only added and removed."""
    policy = context.client("lambda").get_policy(FunctionName=properties["FunctionName"])["Policy"]
    return {} if any(one["Sid"] == statement for one in json.loads(policy)["Statement"]) else None


def _url(context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, Any]:
    del physical_id
    found = context.client("lambda").get_function_url_config(FunctionName=properties["TargetFunctionArn"])
    return {"AuthType": found["AuthType"], "InvokeMode": found.get("InvokeMode", "BUFFERED")}


def _log_group(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any] | None:
    del properties
    groups = context.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = [one for one in groups if one["logGroupName"] == name]
    return {"RetentionInDays": found[0].get("retentionInDays")} if found else None


def _metric_filter(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any] | None:
    group = properties["LogGroupName"]
    answer = context.client("logs").describe_metric_filters(logGroupName=group, filterNamePrefix=name)
    found = [one for one in answer["metricFilters"] if one["filterName"] == name]
    return {"FilterPattern": found[0]["filterPattern"]} if found else None


def _topic(context: ResourceContext, arn: str, properties: Properties) -> dict[str, Any]:
    del properties
    context.client("sns").get_topic_attributes(TopicArn=arn)
    return {}


def _bucket(context: ResourceContext, name: str, properties: Properties) -> dict[str, Any]:
    del properties
    s3 = context.client("s3")
    status = s3.get_bucket_versioning(Bucket=name).get("Status")
    try:
        blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        blocked = None
    return {"VersioningConfiguration": {"Status": status}, "PublicAccessBlockConfiguration": blocked}


def _bucket_policy(context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, Any]:
    del physical_id
    found = context.client("s3").get_bucket_policy(Bucket=properties["Bucket"])["Policy"]
    return {"PolicyDocument": json.loads(found)}


_READINGS: Mapping[str, Reading] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::Archive": _archive,
    "AWS::Events::EventBus": _bus,
    "AWS::Events::EventBusPolicy": _bus_policy,
    "AWS::Lambda::EventInvokeConfig": _invoke_config,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Lambda::Url": _url,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Topic": _topic,
}
