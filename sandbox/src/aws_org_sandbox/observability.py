"""Alarms, dashboards and metric filters that CloudWatch and CloudWatch Logs refuse and moto (5.2.5) accepts.

Templates have many of these, and in AWS a mistake fails only at deployment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, Dashboard, MetricDatum, MetricDatumBase
from moto.logs.models import LogsBackend

from aws_org_sandbox.calls import Refused
from aws_org_sandbox.metrics import metrics
from aws_org_sandbox.seams import original, replace

LAMBDA_COUNTS = frozenset(
    {"AsyncEventsDropped", "DeadLetterErrors", "DestinationDeliveryFailures", "Errors", "Invocations", "Throttles"}
)
"""Metrics of Lambda that CloudWatch has here: those whose sum says everything."""
DAY, WEEK = 86_400, 604_800
_SHORT_PERIODS = frozenset({10, 20, 30})
_MISSING_DATA = frozenset({"breaching", "ignore", "missing", "notBreaching"})
_WIDGETS: Mapping[str, Sequence[str]] = {
    "alarm": ("alarms",),
    "custom": ("endpoint",),
    "explorer": ("metrics",),
    "log": ("region", "query"),
    "metric": ("region",),
    "text": ("markdown",),
}
"""What the properties of a widget must have; https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html."""
_WIDGET_BOUNDS = (("x", 0, 23), ("y", 0, 10_000), ("width", 1, 24), ("height", 1, 1000))
MAX_DIMENSIONS = 3
_DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


@replace(CloudWatchBackend, "put_metric_alarm")
def _put_metric_alarm(backend: CloudWatchBackend, **alarm: Any) -> Alarm:
    for problem in _alarm_problems(alarm):
        raise Refused("ValidationError", problem)
    made: Alarm = original(CloudWatchBackend, "put_metric_alarm")(backend, **alarm)
    return made


def _alarm_problems(alarm: Mapping[str, Any]) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html."""
    queries = [query for query in alarm.get("metric_data_queries") or () if query.metric_stat]
    periods = [int(query.metric_stat.period) for query in queries] or [int(alarm.get("period") or 60)]
    evaluated = int(alarm.get("evaluation_periods") or 1)
    for period in periods:
        if period not in _SHORT_PERIODS and period % 60:
            yield f"The period must be 10, 20, 30 or a multiple of 60, and is {period}"
        if period * evaluated > (WEEK if period >= 3600 else DAY):
            yield "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)"
    if int(alarm.get("datapoints_to_alarm") or 1) > evaluated:
        yield "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
    if (missing := alarm.get("treat_missing_data")) and missing not in _MISSING_DATA:
        yield f"Value {missing} for TreatMissingData is invalid: [{', '.join(sorted(_MISSING_DATA))}]"


@replace(CloudWatchBackend, "get_all_metrics")
def _get_all_metrics(backend: CloudWatchBackend) -> list[MetricDatumBase]:
    """Those of moto, and what Lambda counts of the account's functions, by the minute.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    found: list[MetricDatumBase] = list(original(CloudWatchBackend, "get_all_metrics")(backend))
    for minute in metrics.minutes("AWS/Lambda", AccountId=backend.account_id, Region=backend.region_name):
        if minute.name in LAMBDA_COUNTS:
            function = [{"Name": "FunctionName", "Value": minute.dimensions["FunctionName"]}]
            at = minute.at.replace(tzinfo=None)  # moto's times are UTC without saying so
            found.append(MetricDatum("AWS/Lambda", minute.name, minute.sum, function, at, "Count"))
    return found


@replace(CloudWatchBackend, "put_dashboard")
def _put_dashboard(backend: CloudWatchBackend, name: str, body: str) -> Dashboard:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html."""
    if not _DASHBOARD_NAME.fullmatch(name):
        message = f"The value {name} for field DashboardName contains invalid characters. "
        raise Refused(
            "InvalidParameterInput", message + "It can only contain alphanumerics, dash (-) and underscore (_)."
        )
    problems = list(_dashboard_problems(json.loads(body)))
    if problems:
        message = f"The dashboard body is invalid, there are {len(problems)} validation errors: "
        raise Refused("InvalidParameterInput", message + json.dumps(problems))
    made: Dashboard = original(CloudWatchBackend, "put_dashboard")(backend, name, body)
    return made


def _dashboard_problems(body: Any) -> Iterator[str]:
    if not isinstance(body, dict) or not isinstance(body.get("widgets"), list):
        yield "/: Should have required property 'widgets'"
        return
    for index, widget in enumerate(body["widgets"]):
        yield from _widget_problems(f"/widgets/{index}", widget)


def _widget_problems(path: str, widget: Mapping[str, Any]) -> Iterator[str]:
    type_, properties = str(widget.get("type")), widget.get("properties")
    if type_ not in _WIDGETS:
        yield f"{path}/type: Should be equal to one of the allowed values"
    elif not isinstance(properties, dict):
        yield f"{path}: Should have required property 'properties'"
    else:
        for name in _WIDGETS[type_]:
            if name not in properties:
                yield f"{path}/properties: Should have required property '{name}'"
    for name, lowest, highest in _WIDGET_BOUNDS:
        if name in widget and not lowest <= int(widget[name]) <= highest:
            yield f"{path}/{name}: Should be from {lowest} to {highest}"


@replace(LogsBackend, "put_metric_filter")
def _put_metric_filter(
    backend: LogsBackend,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: list[dict[str, Any]],
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html."""
    if not _is_whole(filter_pattern.strip()):
        raise Refused("InvalidParameterException", "Invalid metric filter pattern")
    for transformation in metric_transformations:
        dimensions = transformation.get("dimensions") or {}
        if dimensions and transformation.get("defaultValue") is not None:
            raise Refused(
                "InvalidParameterException",
                "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
            )
        if len(dimensions) > MAX_DIMENSIONS:
            raise Refused("InvalidParameterException", f"A metric filter has at most {MAX_DIMENSIONS} dimensions.")
    original(LogsBackend, "put_metric_filter")(
        backend, filter_name, filter_pattern, log_group_name, metric_transformations
    )


def _is_whole(pattern: str) -> bool:
    """Whether a pattern for JSON or for fields ends as it begins, with every quotation and bracket closed."""
    outside = "".join(part for number, part in enumerate(pattern.split('"')) if number % 2 == 0)
    balanced = all(outside.count(opening) == outside.count(closing) for opening, closing in ("{}", "[]", "()"))
    if pattern.count('"') % 2 or not balanced:
        return False
    return not pattern.startswith("{") or (pattern.endswith("}") and "$" in outside)


@replace(LogsBackend, "list_tags_for_resource")
def _list_tags_for_resource(backend: LogsBackend, resource_arn: str) -> dict[str, str]:
    """moto returns no tags for a missing log group; CloudWatch Logs refuses the call."""
    _, is_log_group, name = resource_arn.partition(":log-group:")
    if is_log_group and name.removesuffix(":*") not in backend.groups:
        raise Refused("ResourceNotFoundException", "The specified resource does not exist.")
    tags: dict[str, str] = original(LogsBackend, "list_tags_for_resource")(backend, resource_arn)
    return tags
