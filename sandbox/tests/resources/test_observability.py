"""Metric filters, alarms, dashboards, topics and the registry's scanning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_org_sandbox.cloudformation import StackFailed, delete_stack
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, MEMBER, deploy, policy, resource


def remove() -> None:
    delete_stack(account=MEMBER, region=HOME, name="stack")


def test_a_metric_filter_is_created_updated_and_deleted(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs", account=MEMBER)
    group = resource("AWS::Logs::LogGroup", {"LogGroupName": "group"})

    def metric_filter(pattern: str) -> dict[str, Any]:
        transformation = {
            "MetricName": "Created",
            "MetricNamespace": "deployer",
            "MetricValue": "1",
            "Unit": "Count",
            "Dimensions": [{"Key": "Reason", "Value": "$.reason"}],
        }
        properties = {"FilterName": "created", "FilterPattern": pattern, "LogGroupName": {"Ref": "Group"}}
        return resource("AWS::Logs::MetricFilter", {**properties, "MetricTransformations": [transformation]})

    def found() -> list[Any]:
        items: list[Any] = logs.describe_metric_filters(logGroupName="group")["metricFilters"]
        return items

    deploy({"Group": group, "Filter": metric_filter("{ $.outcome = created }")})
    (item,) = found()
    assert item["filterPattern"] == "{ $.outcome = created }"
    (transformation,) = item["metricTransformations"]
    assert transformation["metricName"] == "Created"
    assert transformation["dimensions"] == {"Reason": "$.reason"}
    deploy({"Group": group, "Filter": metric_filter("{ $.outcome = failed }")})
    assert [item["filterPattern"] for item in found()] == ["{ $.outcome = failed }"]
    deploy({"Group": group})
    assert found() == []


def alarm(**properties: Any) -> dict[str, Any]:
    base = {"AlarmName": "alarm", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 0}
    return resource("AWS::CloudWatch::Alarm", {**base, **properties})


SIMPLE = {
    "Namespace": "AWS/SQS",
    "MetricName": "ApproximateNumberOfMessagesVisible",
    "Dimensions": [{"Name": "QueueName", "Value": "failures"}],
    "Period": 60,
    "Statistic": "Maximum",
    "TreatMissingData": "notBreaching",
}


def math(expression: str) -> dict[str, Any]:
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": []}
    errors = {"Id": "errors", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
    return {"Metrics": [errors, {"Id": "formula", "Expression": expression, "ReturnData": True}]}


def test_an_alarm_is_created_updated_and_deleted(sandbox: Sandbox) -> None:
    cloudwatch = sandbox.client("cloudwatch", account=MEMBER)

    def found() -> list[Any]:
        items: list[Any] = cloudwatch.describe_alarms(AlarmNames=["alarm"])["MetricAlarms"]
        return items

    deploy({"Alarm": alarm(**SIMPLE, AlarmDescription="Failures wait", Tags=[{"Key": "team", "Value": "a"}])})
    (item,) = found()
    assert (item["Threshold"], item["AlarmDescription"]) == (0.0, "Failures wait")
    assert item["Dimensions"] == [{"Name": "QueueName", "Value": "failures"}]
    assert cloudwatch.list_tags_for_resource(ResourceARN=item["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "a"}]
    deploy({"Alarm": alarm(**SIMPLE, Threshold=5, ActionsEnabled=False)})
    (item,) = found()
    assert (item["Threshold"], item["ActionsEnabled"]) == (5.0, False)
    remove()
    assert found() == []


def test_an_alarm_on_metric_math(sandbox: Sandbox) -> None:
    deploy({"Alarm": alarm(**math("errors * 100"))})
    (item,) = sandbox.client("cloudwatch", account=MEMBER).describe_alarms()["MetricAlarms"]
    assert {query["Id"] for query in item["Metrics"]} == {"errors", "formula"}


def test_an_existing_alarm_is_not_overwritten(sandbox: Sandbox) -> None:
    deploy({"Alarm": alarm(**SIMPLE)}, name="first")
    with pytest.raises(StackFailed, match="alarm already exists in stack"):
        deploy({"Alarm": alarm(**SIMPLE)}, name="second")


def test_a_dashboard_is_created_updated_and_deleted(sandbox: Sandbox) -> None:
    cloudwatch = sandbox.client("cloudwatch", account=MEMBER)

    def dashboard(title: str) -> dict[str, Any]:
        widget = {"type": "text", "x": 0, "y": 0, "width": 1, "height": 1, "properties": {"markdown": title}}
        body = json.dumps({"widgets": [widget]})
        return {"Board": resource("AWS::CloudWatch::Dashboard", {"DashboardName": "board", "DashboardBody": body})}

    deploy(dashboard("one"))
    deploy(dashboard("two"))
    assert "two" in cloudwatch.get_dashboard(DashboardName="board")["DashboardBody"]
    remove()
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_a_topic_and_its_policy_are_created_updated_and_deleted(sandbox: Sandbox) -> None:
    sns = sandbox.client("sns", account=MEMBER)
    arn = f"arn:aws:sns:{HOME}:{MEMBER}:alarms"

    def topic(*queues: str, **properties: Any) -> dict[str, Any]:
        subscriptions = [{"Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{HOME}:{MEMBER}:{name}"} for name in queues]
        return resource("AWS::SNS::Topic", {"TopicName": "alarms", "Subscription": subscriptions, **properties})

    def topic_policy(service: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": arn}
        properties = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": policy(statement)}
        return resource("AWS::SNS::TopicPolicy", properties)

    def attributes() -> dict[str, str]:
        found: dict[str, str] = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        return found

    for name in ("one", "two"):
        sandbox.client("sqs", account=MEMBER).create_queue(QueueName=name)
    outputs = {"Ref": {"Value": {"Ref": "Topic"}}, "Name": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}}
    resources = {"Topic": topic("one", DisplayName="Alarms"), "Policy": topic_policy("cloudwatch.amazonaws.com")}
    assert deploy(resources, Outputs=outputs).outputs == {"Ref": arn, "Name": "alarms"}
    assert attributes()["DisplayName"] == "Alarms"
    assert "cloudwatch.amazonaws.com" in attributes()["Policy"]
    deploy({"Topic": topic("two", DisplayName="All"), "Policy": topic_policy("events.amazonaws.com")})
    assert attributes()["DisplayName"] == "All"
    assert "events.amazonaws.com" in attributes()["Policy"]
    endpoints = [item["Endpoint"] for item in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]]
    assert endpoints == [f"arn:aws:sqs:{HOME}:{MEMBER}:two"]
    deploy({"Topic": topic("two", DisplayName="All")})
    assert "events.amazonaws.com" not in attributes()["Policy"]
    remove()
    assert sns.list_topics()["Topics"] == []


def test_the_scanning_of_the_registry_is_set_and_reset(sandbox: Sandbox) -> None:
    ecr = sandbox.client("ecr", account=MEMBER)

    def scanning(*names: str) -> dict[str, Any]:
        rules = [
            {"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": [{"Filter": name, "FilterType": "WILDCARD"}]}
            for name in names
        ]
        return {"Scan": resource("AWS::ECR::RegistryScanningConfiguration", {"ScanType": "BASIC", "Rules": rules})}

    def filters() -> list[str]:
        rules = ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"]
        return [item["filter"] for rule in rules for item in rule["repositoryFilters"]]

    stack = deploy(scanning("prod-*"), Outputs={"Id": {"Value": {"Fn::GetAtt": ["Scan", "RegistryId"]}}})
    assert stack.outputs == {"Id": MEMBER}
    assert filters() == ["prod-*"]
    deploy(scanning("*"))
    assert filters() == ["*"]
    remove()
    assert filters() == []
