"""Reads the resources of the central stacks as CloudFormation describes them, read-only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler import resource_reading
from handler.aws_errors import code_of
from handler.deployed_resources import Resource
from handler.json_values import JsonValue
from handler.resource_comparison import Reading
from handler.resource_reading import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryOutputTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import MetricTransformationOutputTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

_MISSING = {"DashboardNotFoundError", "NoSuchBucket", "NoSuchBucketPolicy", "NotFound", "NotFoundException",
            "ResourceNotFound", "ResourceNotFoundException"}  # fmt: skip
_NOT_SET = {
    "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}  # fmt: skip
_FUNCTION = ("Architectures", "Handler", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig")
_ALARM = ("ActionsEnabled", "ComparisonOperator", "DatapointsToAlarm", "EvaluationPeriods", "Threshold",
          "TreatMissingData")  # fmt: skip


def read(clients: Clients, resource: Resource, *, region: str) -> Reading | None:
    """One resource; None if it does not exist. Raises botocore's errors."""
    reader = _READERS.get(resource.type)
    if reader is None:
        return resource_reading.read(clients, resource, region=region)
    try:
        found = reader(clients, resource)
    except ClientError as error:
        if code_of(error) in _MISSING:
            return None
        raise
    return None if found is None else Reading(properties=found)


Properties = Mapping[str, JsonValue]


def _function(clients: Clients, resource: Resource) -> Properties:
    """What is deployed of the code is compared by its digest: see `deployer.rollout.actual_state`."""
    client: LambdaClient = clients("lambda")
    name = resource.name
    found = client.get_function_configuration(FunctionName=name)
    reserved = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    desired = resource.properties
    variables = found.get("Environment", {}).get("Variables", {})
    return {
        **{key: found.get(key) for key in _FUNCTION if key in desired},
        "Environment": {"Variables": {key: _queue_name(key, text) for key, text in variables.items()}},
        "LoggingConfig": {key: found.get("LoggingConfig", {}).get(key) for key in desired.get("LoggingConfig", {})},
        "ReservedConcurrentExecutions": reserved,
    }


def _queue_name(key: str, text: str) -> str:
    """Templates refer to a queue, which is its URL in AWS, and its name when they are compared."""
    return text.rsplit("/", 1)[-1] if key.endswith("_QUEUE_URL") else text


def _invoke_config(clients: Clients, resource: Resource) -> Properties:
    qualifier = resource.properties["Qualifier"]
    client: LambdaClient = clients("lambda")
    found = client.get_function_event_invoke_config(FunctionName=resource.name, Qualifier=qualifier)
    destination = found.get("DestinationConfig", {}).get("OnFailure", {})
    return {
        "DestinationConfig": {"OnFailure": destination},
        "MaximumEventAgeInSeconds": found.get("MaximumEventAgeInSeconds"),
        "MaximumRetryAttempts": found.get("MaximumRetryAttempts"),
    }


def _permission(clients: Clients, resource: Resource) -> Properties | None:
    """A permission exists or not: AWS generates the id of its statement, so it is recognized by its content."""
    client: LambdaClient = clients("lambda")
    policy = json.loads(client.get_policy(FunctionName=resource.name)["Policy"])
    desired = resource.properties
    for statement in policy["Statement"]:
        principals = statement["Principal"]
        values = principals.values() if isinstance(principals, dict) else (principals,)
        conditions = json.dumps(statement.get("Condition", {}))
        named = [desired[key] for key in ("SourceArn", "PrincipalOrgID", "FunctionUrlAuthType") if key in desired]
        if (
            statement["Effect"] == "Allow"
            and statement["Action"] == desired["Action"]
            and desired["Principal"] in values
            and all(f'"{value}"' in conditions for value in named)
        ):
            return {}
    return None


def _url(clients: Clients, resource: Resource) -> Properties:
    client: LambdaClient = clients("lambda")
    found = client.get_function_url_config(FunctionName=resource.name)
    return {key: found.get(key) for key in ("AuthType", "InvokeMode") if key in resource.properties}


def _bus(clients: Clients, resource: Resource) -> Properties:
    client: EventBridgeClient = clients("events")
    client.describe_event_bus(Name=resource.name)
    return {}


def _bus_policy(clients: Clients, resource: Resource) -> Properties | None:
    client: EventBridgeClient = clients("events")
    policy = json.loads(client.describe_event_bus(Name=resource.name).get("Policy") or "{}")
    for statement in policy.get("Statement", ()):
        if statement.get("Sid") == resource.properties["StatementId"]:
            desired = resource.properties["Statement"]
            return {"Statement": {key: value for key, value in statement.items() if key != "Sid" or key in desired}}
    return None


def _archive(clients: Clients, resource: Resource) -> Properties:
    client: EventBridgeClient = clients("events")
    found = client.describe_archive(ArchiveName=resource.name)
    return {
        "EventPattern": json.loads(found.get("EventPattern") or "null"),
        "RetentionDays": found.get("RetentionDays"),
        "SourceArn": found["EventSourceArn"],
    }


def _alarm(clients: Clients, resource: Resource) -> Properties | None:
    client: CloudWatchClient = clients("cloudwatch")
    for found in client.describe_alarms(AlarmNames=[resource.name])["MetricAlarms"]:
        actions = {key: found.get(key) or None for key in ("AlarmActions", "OKActions")}
        metrics = [_metric(one) for one in found.get("Metrics", ())]
        return {key: found.get(key) for key in _ALARM} | actions | {"Metrics": metrics}
    return None


def _metric(found: MetricDataQueryOutputTypeDef) -> Mapping[str, object]:
    """Without dimensions AWS may answer an empty list or nothing; templates have the list."""
    statistic = found.get("MetricStat")
    if statistic is None:
        return found
    metric = {"Dimensions": [], **statistic["Metric"]}
    return {**found, "MetricStat": {**statistic, "Metric": metric}}


def _dashboard(clients: Clients, resource: Resource) -> Properties:
    client: CloudWatchClient = clients("cloudwatch")
    found = client.get_dashboard(DashboardName=resource.name)["DashboardBody"]
    desired = resource.properties["DashboardBody"]
    return {"DashboardBody": desired if json.loads(found) == json.loads(desired) else found}


def _log_group(clients: Clients, resource: Resource) -> Properties | None:
    client: CloudWatchLogsClient = clients("logs")
    groups = client.describe_log_groups(logGroupNamePrefix=resource.name)["logGroups"]
    found = [one for one in groups if one["logGroupName"] == resource.name]
    return {"RetentionInDays": found[0].get("retentionInDays")} if found else None


def _metric_filter(clients: Clients, resource: Resource) -> Properties | None:
    group = resource.properties["LogGroupName"]
    client: CloudWatchLogsClient = clients("logs")
    answer = client.describe_metric_filters(logGroupName=group, filterNamePrefix=resource.name)
    for found in answer["metricFilters"]:
        if found["filterName"] == resource.name:
            transformations = [_transformation(one) for one in found["metricTransformations"]]
            return {"FilterPattern": found["filterPattern"], "MetricTransformations": transformations}
    return None


def _transformation(found: MetricTransformationOutputTypeDef) -> Mapping[str, object]:
    dimensions = [{"Key": key, "Value": value} for key, value in found.get("dimensions", {}).items()]
    plain = {key[0].upper() + key[1:]: value for key, value in found.items() if key != "dimensions"}
    return {**plain, **({"Dimensions": dimensions} if dimensions else {})}


def _table(clients: Clients, resource: Resource) -> Properties:
    client: DynamoDBClient = clients("dynamodb")
    name, desired = resource.name, resource.properties
    table = client.describe_table(TableName=name)["Table"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    recovers = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    return {
        "BillingMode": table.get("BillingModeSummary", {}).get("BillingMode"),
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "PointInTimeRecoverySpecification": {
            **desired["PointInTimeRecoverySpecification"],
            "PointInTimeRecoveryEnabled": recovers,
        },
        "TimeToLiveSpecification": {
            "AttributeName": expiry.get("AttributeName"),
            "Enabled": expiry["TimeToLiveStatus"] in {"ENABLED", "ENABLING"},
        },
    }


def _topic(clients: Clients, resource: Resource) -> Properties:
    client: SNSClient = clients("sns")
    client.get_topic_attributes(TopicArn=resource.arn)
    return {}


def _topic_policy(clients: Clients, resource: Resource) -> Properties:
    (arn,) = resource.properties["Topics"]
    client: SNSClient = clients("sns")
    found = client.get_topic_attributes(TopicArn=arn)["Attributes"]
    return {"PolicyDocument": json.loads(found["Policy"])}


def _bucket(clients: Clients, resource: Resource) -> Properties:
    s3: S3Client = clients("s3")
    name = resource.name
    optional = dict(
        _settings(
            {
                "BucketEncryption": lambda: _encryption(s3, name),
                "OwnershipControls": lambda: s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
                "PublicAccessBlockConfiguration": lambda: s3.get_public_access_block(Bucket=name)[
                    "PublicAccessBlockConfiguration"
                ],
            }
        )
    )
    versioning = s3.get_bucket_versioning(Bucket=name).get("Status")
    return {**optional, "VersioningConfiguration": {"Status": versioning}}


def _encryption(s3: S3Client, bucket: str) -> Mapping[str, object]:
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    rules = [{key: value for key, value in one.items() if key == "ApplyServerSideEncryptionByDefault"} for one in found]
    return {
        "ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": one.get("ApplyServerSideEncryptionByDefault")} for one in rules
        ]
    }


def _settings(readers: Mapping[str, Callable[[], object]]) -> Iterator[tuple[str, object]]:
    """None for a setting that the bucket does not have."""
    for name, read_setting in readers.items():
        try:
            yield name, read_setting()
        except ClientError as error:
            if code_of(error) not in _NOT_SET:
                raise
            yield name, None


def _bucket_policy(clients: Clients, resource: Resource) -> Properties:
    client: S3Client = clients("s3")
    return {"PolicyDocument": json.loads(client.get_bucket_policy(Bucket=resource.name)["Policy"])}


_READERS: Mapping[str, Callable[[Clients, Resource], Properties | None]] = {
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
    "AWS::SNS::TopicPolicy": _topic_policy,
}
