"""Descriptions of all resources in the templates: kind, name and purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Template

from tools.wording import code


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource type: its label, the property that holds its name, and its purpose if it has no description."""

    label: str
    name: str | None
    purpose: str = ""


KINDS = {
    "AWS::CloudWatch::Alarm": Kind("alarm", "AlarmName"),
    "AWS::CloudWatch::Dashboard": Kind("dashboard", "DashboardName", "alarms, events, decisions and durations"),
    "AWS::DynamoDB::Table": Kind(
        "DynamoDB table",
        "TableName",
        "the ledger of decisions, encrypted, restorable to any second of 35 days, protected from deletion",
    ),
    "AWS::ECR::RegistryScanningConfiguration": Kind(
        "scanning configuration of the registry", None, "replaces the registry's configuration with the OU's settings"
    ),
    "AWS::ECR::RepositoryCreationTemplate": Kind(
        "repository creation template for the prefix", "Prefix", "the OU's settings for repositories created on push"
    ),
    "AWS::Events::Archive": Kind("event archive", "ArchiveName"),
    "AWS::Events::EventBus": Kind("event bus", "Name"),
    "AWS::Events::EventBusPolicy": Kind(
        "policy of the event bus", None, "accounts of the organization may put ECR's events on it"
    ),
    "AWS::Events::Rule": Kind("event rule", "Name"),
    "AWS::IAM::Role": Kind("IAM role", "RoleName"),
    "AWS::Lambda::EventInvokeConfig": Kind(
        "invocation settings of the function", None, "two retries, then the failures queue"
    ),
    "AWS::Lambda::Function": Kind("Lambda function", "FunctionName"),
    "AWS::Lambda::Permission": Kind("permission on the function", None, "only one rule may invoke it"),
    "AWS::Lambda::Url": Kind(
        "URL of the function",
        None,
        "a public endpoint that answers only calls signed by principals of the organization",
    ),
    "AWS::Logs::LogGroup": Kind("log group", "LogGroupName", "one line for each invocation of its function"),
    "AWS::Logs::MetricFilter": Kind("metric filter", "FilterName", "a metric from the log group"),
    "AWS::S3::Bucket": Kind(
        "S3 bucket", "BucketName", "the handler's code and settings, versioned, encrypted, never public"
    ),
    "AWS::S3::BucketPolicy": Kind("policy of the bucket", None, "TLS 1.2 or newer only"),
    "AWS::SNS::Topic": Kind("SNS topic", "TopicName", "messages about decisions, for people who subscribe to it"),
    "AWS::SNS::TopicPolicy": Kind(
        "policy of the topic", None, "only this account may publish, if its IAM policies allow it"
    ),
    "AWS::SQS::Queue": Kind("SQS queue", "QueueName", "events that could not be delivered, encrypted, kept 14 days"),
    "AWS::SQS::QueuePolicy": Kind("policy of the queue", None, "who may send to it and receive from it, TLS only"),
}

_PERMISSIONS = {"*": "principals of the organization may call it, through its URL only"}
"""Purposes of permissions on a function for principals other than a rule."""


_LISTED = {
    "AWS::CloudWatch::Alarm": "alarms, which [Operations](operations.md#alarms) describes",
    "AWS::IAM::Role": "IAM roles, which [Roles](#roles) describes",
    "AWS::Logs::MetricFilter": "metric filters, which count lines of the logs",
}
"""Types of which one line lists all resources of a template, if it has several."""


def changes(template: Template) -> Iterator[str]:
    """A line for each resource, as in "SQS queue `deployer-failures`: …", and one for all alarms, roles or filters."""
    resources: Mapping[str, Any] = template.to_dict()["Resources"]
    counts = Counter(resource["Type"] for resource in resources.values())
    lines = (
        _listed(kind, resources) if kind in _LISTED and counts[kind] > 1 else _change(resource)
        for resource in resources.values()
        for kind in (resource["Type"],)
    )
    yield from dict.fromkeys(lines)


def _listed(kind: str, resources: Mapping[str, Any]) -> str:
    property_ = KINDS[kind].name or ""
    names = [resource["Properties"][property_] for resource in resources.values() if resource["Type"] == kind]
    return f"{len(names)} {_LISTED[kind]}: {', '.join(code(name) for name in names)}."


def _change(resource: Mapping[str, Any]) -> str:
    kind, properties = KINDS[resource["Type"]], resource["Properties"]
    name = f" {code(properties[kind.name])}" if kind.name else ""
    purpose = _PERMISSIONS.get(properties.get("Principal", "")) or kind.purpose or properties["Description"]
    kept = "; kept when the stack is deleted" if resource.get("DeletionPolicy") == "Retain" else ""
    return f"{_capitalized(kind.label)}{name}: {_uncapitalized(purpose.rstrip('.'))}{kept}."


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _uncapitalized(text: str) -> str:
    """Lower case after a colon, except for names such as EventBridge and acronyms."""
    first = text.split(maxsplit=1)[0]
    return text if first in {"EventBridge", "Lambda"} or first.isupper() else text[0].lower() + text[1:]
