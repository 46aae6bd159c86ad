"""AWS::CloudWatch::Alarm and AWS::CloudWatch::Dashboard."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    already_exists,
    exists,
    sync_tags,
    tag_list,
)
from aws_org_sandbox.resources.shapes import BOOLEAN, INTEGER, NUMBER, STRING, TAGS

_DIMENSIONS = [{"Name!": STRING, "Value!": STRING}]
_STATISTIC = {
    "Metric!": {"Dimensions": _DIMENSIONS, "MetricName": STRING, "Namespace": STRING},
    "Period!": INTEGER,
    "Stat!": STRING,
    "Unit": STRING,
}


class Alarm(Resource):
    """An alarm over a metric, or over metric math; `Ref` is its name."""

    type_name = "AWS::CloudWatch::Alarm"
    shape = {
        "ActionsEnabled": BOOLEAN,
        "AlarmActions": [STRING],
        "AlarmDescription": STRING,
        "AlarmName": STRING,
        "ComparisonOperator!": STRING,
        "DatapointsToAlarm": INTEGER,
        "Dimensions": _DIMENSIONS,
        "EvaluateLowSampleCountPercentile": STRING,
        "EvaluationPeriods!": INTEGER,
        "ExtendedStatistic": STRING,
        "InsufficientDataActions": [STRING],
        "MetricName": STRING,
        "Metrics": [
            {
                "AccountId": STRING,
                "Expression": STRING,
                "Id!": STRING,
                "Label": STRING,
                "MetricStat": _STATISTIC,
                "Period": INTEGER,
                "ReturnData": BOOLEAN,
            }
        ],
        "Namespace": STRING,
        "OKActions": [STRING],
        "Period": INTEGER,
        "Statistic": STRING,
        "Tags": TAGS,
        "Threshold": NUMBER,
        "ThresholdMetricId": STRING,
        "TreatMissingData": STRING,
        "Unit": STRING,
    }
    replaced_by = ("AlarmName",)
    name_property = "AlarmName"
    tagged = True
    attribute_names = ("Arn",)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        cloudwatch = context.client("cloudwatch")
        name = str(properties.get("AlarmName") or context.generated_name(255))
        if cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
            raise already_exists(self.type_name, name)
        cloudwatch.put_metric_alarm(**{**properties, "AlarmName": name})
        return name

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        cloudwatch = context.client("cloudwatch")
        desired = {key: value for key, value in new.items() if key != "Tags"}  # PutMetricAlarm keeps an alarm's tags
        cloudwatch.put_metric_alarm(**{**desired, "AlarmName": physical_id})
        arn = context.arn("cloudwatch", f"alarm:{physical_id}")
        sync_tags(
            old,
            new,
            tag=lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            untag=lambda keys: cloudwatch.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        cloudwatch = context.client("cloudwatch")
        if cloudwatch.describe_alarms(AlarmNames=[physical_id])["MetricAlarms"]:
            cloudwatch.delete_alarms(AlarmNames=[physical_id])

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return bool(context.client("cloudwatch").describe_alarms(AlarmNames=[physical_id])["MetricAlarms"])

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": context.arn("cloudwatch", f"alarm:{physical_id}")}


class Dashboard(Resource):
    """A dashboard; `Ref` is its name."""

    type_name = "AWS::CloudWatch::Dashboard"
    shape = {"DashboardBody!": STRING, "DashboardName": STRING}
    replaced_by = ("DashboardName",)
    name_property = "DashboardName"

    def create(self, context: ResourceContext, properties: Properties) -> str:
        cloudwatch = context.client("cloudwatch")
        name = str(properties.get("DashboardName") or context.generated_name(255))
        if _exists(cloudwatch, name):
            raise already_exists(self.type_name, name)
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=properties["DashboardBody"])
        return name

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        context.client("cloudwatch").put_dashboard(DashboardName=physical_id, DashboardBody=new["DashboardBody"])

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        cloudwatch = context.client("cloudwatch")
        if _exists(cloudwatch, physical_id):
            cloudwatch.delete_dashboards(DashboardNames=[physical_id])


def _exists(cloudwatch: Any, name: str) -> bool:
    return exists(lambda: cloudwatch.get_dashboard(DashboardName=name), "ResourceNotFound", "DashboardNotFoundError")
