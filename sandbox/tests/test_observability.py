"""Alarms, dashboards and metric filters that CloudWatch refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.logs.models import LogsBackend, logs_backends

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original

ALARM: dict[str, Any] = {
    "AlarmName": "a",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "MetricName": "m",
    "Namespace": "n",
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 1,
}
METRIC = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        pytest.param({"Period": 61}, "multiple of 60, and is 61", id="a period of 61 seconds"),
        pytest.param(
            {"Period": 60, "EvaluationPeriods": 1441}, "more than a day", id="one-minute periods over more than a day"
        ),
        pytest.param({"Period": 86_400, "EvaluationPeriods": 8}, "more than a day", id="eight days"),
        pytest.param(
            {"DatapointsToAlarm": 2}, "DatapointsToAlarm", id="more data points to alarm than evaluation periods"
        ),
        pytest.param({"TreatMissingData": "fine"}, "TreatMissingData", id="an unknown treatment of missing data"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_refused(sandbox: Sandbox, expected: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        sandbox.client("cloudwatch").put_metric_alarm(**{**ALARM, **expected})
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_an_alarm_over_seven_days_with_one_day_periods_is_accepted(sandbox: Sandbox) -> None:
    sandbox.client("cloudwatch").put_metric_alarm(**{**ALARM, "Period": 86_400, "EvaluationPeriods": 7})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({}, "required property 'widgets'", id="no widgets"),
        pytest.param({"widgets": [{"type": "clock", "properties": {}}]}, "/widgets/0/type", id="an unknown widget"),
        pytest.param({"widgets": [{"type": "text"}]}, "property 'properties'", id="no properties"),
        pytest.param({"widgets": [{"type": "metric", "properties": {}}]}, "property 'region'", id="no region"),
        pytest.param(
            {"widgets": [{"type": "text", "width": 25, "properties": {"markdown": "x"}}]}, "from 1 to 24", id="too wide"
        ),
    ],
)
def test_an_invalid_dashboard_is_refused(sandbox: Sandbox, body: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        sandbox.client("cloudwatch").put_dashboard(DashboardName="d", DashboardBody=json.dumps(body))
    assert refused.value.response["Error"]["Code"] == "InvalidParameterInput"


@pytest.mark.parametrize("name", ["a dashboard", "a.b", "a/b", "d" * 256])
def test_an_invalid_dashboard_name_is_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ClientError, match="It can only contain alphanumerics, dash") as refused:
        sandbox.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
    assert refused.value.response["Error"]["Code"] == "InvalidParameterInput"
    assert sandbox.client("cloudwatch").list_dashboards()["DashboardEntries"] == []


@pytest.mark.parametrize(
    "pattern", ["{ $.outcome = ", '{ $.outcome = "created }', "{ ($.a = 1) && ($.b = 2 }", "[a, b"]
)
def test_an_unterminated_filter_pattern_is_refused(sandbox: Sandbox, pattern: str) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="g")
    with pytest.raises(ClientError, match="Invalid metric filter pattern"):
        logs.put_metric_filter(logGroupName="g", filterName="f", filterPattern=pattern, metricTransformations=[METRIC])


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"defaultValue": 0, "dimensions": {"a": "$.a"}}, id="a default value with dimensions"),
        pytest.param({"dimensions": {name: f"$.{name}" for name in "abcd"}}, id="four dimensions"),
    ],
)
def test_an_invalid_metric_transformation_is_refused(sandbox: Sandbox, expected: dict[str, Any]) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="g")
    with pytest.raises(ClientError, match="dimensions"):
        logs.put_metric_filter(
            logGroupName="g", filterName="f", filterPattern="{ $.a = 1 }", metricTransformations=[METRIC | expected]
        )


def test_canary_moto_accepts_each_of_them(sandbox: Sandbox) -> None:
    sandbox.client("cloudwatch").put_metric_alarm(**ALARM)
    cloudwatch = cloudwatch_backends["200000000001"]["eu-west-1"]
    original(CloudWatchBackend, "put_dashboard")(cloudwatch, "d", "{}")
    alarm: dict[str, Any] = {
        "name": "b",
        "namespace": "n",
        "metric_name": "m",
        "comparison_operator": "GreaterThanThreshold",
    }
    alarm |= {"threshold": 1, "statistic": "Sum", "description": "", "dimensions": [], "alarm_actions": []}
    original(CloudWatchBackend, "put_metric_alarm")(
        cloudwatch, **alarm, period=61, evaluation_periods=1, treat_missing_data="fine"
    )
    sandbox.client("logs").create_log_group(logGroupName="g")
    logs = logs_backends["200000000001"]["eu-west-1"]
    original(LogsBackend, "put_metric_filter")(logs, "f", "{ $.a = ", "g", [METRIC])
    assert len(cloudwatch.alarms) == 2


def test_a_missing_log_group_has_no_tags(sandbox: Sandbox) -> None:
    arn = "arn:aws:logs:eu-west-1:200000000001:log-group:g"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sandbox.client("logs").list_tags_for_resource(resourceArn=arn)
    logs = logs_backends["200000000001"]["eu-west-1"]
    assert original(LogsBackend, "list_tags_for_resource")(logs, arn) == {}  # what moto itself answers
    sandbox.client("logs").create_log_group(logGroupName="g", tags={"a": "b"})
    assert sandbox.client("logs").list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
