"""AWS::Logs::LogGroup and AWS::Logs::MetricFilter."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    already_exists,
    sync_tags,
    tag_map,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import BOOLEAN, INTEGER, NUMBER, STRING, TAGS

MISSING = "ResourceNotFoundException"


class LogGroup(Resource):
    """A log group; `Ref` is its name, and its Arn ends with `:*`."""

    type_name = "AWS::Logs::LogGroup"
    shape = {
        "LogGroupName": STRING,
        "KmsKeyId": STRING,
        "LogGroupClass": STRING,
        "RetentionInDays": INTEGER,
        "Tags": TAGS,
    }
    replaced_by = ("LogGroupName", "LogGroupClass")
    name_property = "LogGroupName"
    tagged = True
    attribute_names = ("Arn",)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        logs = context.client("logs")
        name = str(properties.get("LogGroupName") or context.generated_name(512))
        renamed = {"KmsKeyId": "kmsKeyId", "LogGroupClass": "logGroupClass"}
        optional: dict[str, Any] = {renamed[key]: properties[key] for key in renamed if key in properties}
        if tags := tag_map(properties):
            optional["tags"] = tags
        logs.create_log_group(logGroupName=name, **optional)
        return name

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        _sync_retention(context.client("logs"), physical_id, None, properties.get("RetentionInDays"))

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        logs = context.client("logs")
        _sync_retention(logs, physical_id, old.get("RetentionInDays"), new.get("RetentionInDays"))
        if old.get("KmsKeyId") != new.get("KmsKeyId"):
            if new.get("KmsKeyId"):
                logs.associate_kms_key(logGroupName=physical_id, kmsKeyId=new["KmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=physical_id)
        arn = context.arn("logs", f"log-group:{physical_id}")
        sync_tags(
            old,
            new,
            tag=lambda tags: logs.tag_resource(resourceArn=arn, tags=tags),
            untag=lambda keys: logs.untag_resource(resourceArn=arn, tagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("logs").delete_log_group(logGroupName=physical_id), MISSING)

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        groups = context.client("logs").describe_log_groups(logGroupNamePrefix=physical_id)["logGroups"]
        return any(group["logGroupName"] == physical_id for group in groups)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": context.arn("logs", f"log-group:{physical_id}:*")}


def _sync_retention(logs: Any, name: str, old: int | None, new: int | None) -> None:
    if new is not None and new != old:
        logs.put_retention_policy(logGroupName=name, retentionInDays=new)
    elif new is None and old is not None:
        logs.delete_retention_policy(logGroupName=name)


class MetricFilter(Resource):
    """A metric filter of a log group; `Ref` is its name."""

    type_name = "AWS::Logs::MetricFilter"
    shape = {
        "ApplyOnTransformedLogs": BOOLEAN,
        "FilterName": STRING,
        "FilterPattern!": STRING,
        "LogGroupName!": STRING,
        "MetricTransformations!": [
            {
                "DefaultValue": NUMBER,
                "Dimensions": [{"Key!": STRING, "Value!": STRING}],
                "MetricName!": STRING,
                "MetricNamespace!": STRING,
                "MetricValue!": STRING,
                "Unit": STRING,
            }
        ],
    }
    replaced_by = ("FilterName", "LogGroupName")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        logs = context.client("logs")
        name = str(properties.get("FilterName") or context.generated_name(512))
        group = properties["LogGroupName"]
        found = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=name)["metricFilters"]
        if any(item["filterName"] == name for item in found):
            raise already_exists(self.type_name, f"{group}|{name}")
        _put_filter(logs, name, properties)
        return name

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        _put_filter(context.client("logs"), physical_id, new)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        logs, group = context.client("logs"), properties["LogGroupName"]
        unless_gone(lambda: logs.delete_metric_filter(logGroupName=group, filterName=physical_id), MISSING)


def _put_filter(logs: Any, name: str, properties: Properties) -> None:
    logs.put_metric_filter(
        logGroupName=properties["LogGroupName"],
        filterName=name,
        filterPattern=properties["FilterPattern"],
        metricTransformations=[_transformation(item) for item in properties["MetricTransformations"]],
    )


def _transformation(item: dict[str, Any]) -> dict[str, Any]:
    """Convert CloudFormation's member names and list of dimensions to those of CloudWatch Logs."""
    members = {key[0].lower() + key[1:]: value for key, value in item.items() if key != "Dimensions"}
    if "Dimensions" in item:
        members["dimensions"] = {dimension["Key"]: dimension["Value"] for dimension in item["Dimensions"]}
    return members
