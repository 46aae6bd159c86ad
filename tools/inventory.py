"""Descriptions of all resources in the templates: kind, name and purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


_POLICY = Kind("resource policy", None)

KINDS = {
    "AWS::CloudWatch::Alarm": Kind("alarm", "AlarmName"),
    "AWS::CloudWatch::Dashboard": Kind("dashboard", "DashboardName", "alarms, events, decisions and durations"),
    "AWS::DynamoDB::Table": Kind(
        "DynamoDB table", "TableName", "encrypted, restorable to any second of 35 days, protected from deletion"
    ),
    "AWS::ECR::RegistryScanningConfiguration": Kind(
        "scanning configuration of the registry", None, "replaces the existing one"
    ),
    "AWS::ECR::RepositoryCreationTemplate": Kind(
        "repository creation template for the prefix", "Prefix", "the OU's settings"
    ),
    "AWS::Events::Archive": Kind("event archive", "ArchiveName"),
    "AWS::Events::EventBus": Kind("event bus", "Name"),
    "AWS::Events::EventBusPolicy": _POLICY,
    "AWS::Events::Rule": Kind("event rule", "Name"),
    "AWS::IAM::Role": Kind("IAM role", "RoleName", "[Roles](#roles)"),
    "AWS::Lambda::EventInvokeConfig": Kind(
        "invocation settings of the handler", None, "two retries, then the failures queue"
    ),
    "AWS::Lambda::Function": Kind("Lambda function", "FunctionName"),
    "AWS::Lambda::Permission": Kind("function permission", None, "one rule may invoke each"),
    "AWS::Lambda::Url": Kind("function URL", None, "[a public endpoint](#the-function-url)"),
    "AWS::Logs::LogGroup": Kind("log group", "LogGroupName", "one line for each invocation"),
    "AWS::Logs::MetricFilter": Kind("metric filter", "FilterName"),
    "AWS::S3::Bucket": Kind(
        "S3 bucket", "BucketName", "the handler's code and settings, versioned, encrypted, never public"
    ),
    "AWS::S3::BucketPolicy": _POLICY,
    "AWS::SNS::Topic": Kind("SNS topic", "TopicName", "messages about decisions"),
    "AWS::SNS::TopicPolicy": _POLICY,
    "AWS::SQS::Queue": Kind("SQS queue", "QueueName", "undelivered events, encrypted, kept 14 days"),
    "AWS::SQS::QueuePolicy": _POLICY,
}

_PERMISSIONS = {"*": "principals of the organization may call the handler, through its URL only"}
"""Purposes of permissions on a function for principals other than a rule."""

LISTED = {
    "AWS::CloudWatch::Alarm": "[Alarms](operations.md#alarms)",
    "AWS::Logs::MetricFilter": "[metrics](operations.md#what-there-is-to-watch)",
}
"""Types whose resources another page lists; resource policies have a section of the page."""


def changes(template: Template) -> Iterator[str]:
    """A line for each type of resources with their names and purposes: "SQS queues `a`, `b`: …"."""
    by_label: dict[str, list[Mapping[str, Any]]] = {}
    for resource in template.to_dict()["Resources"].values():
        kind = KINDS[resource["Type"]]
        if kind is not _POLICY:
            by_label.setdefault(kind.label, []).append(resource)
    yield from map(_line, by_label.values())


def _line(resources: Sequence[Mapping[str, Any]]) -> str:
    kind = KINDS[resources[0]["Type"]]
    label = f"{kind.label}s" if len(resources) > 1 else kind.label
    if listed := LISTED.get(resources[0]["Type"]):
        return f"{len(resources)} {label}: {listed}."
    purposes: dict[str, list[str]] = {}
    for resource in resources:
        name = code(resource["Properties"][kind.name]) if kind.name else ""
        purposes.setdefault(_purpose(kind, resource), []).append(name)
    parts = (f"{', '.join(filter(None, names))}: {why}".removeprefix(": ") for why, names in purposes.items())
    return f"{label[0].upper()}{label[1:]}{' ' if kind.name else ': '}{'; '.join(parts)}."


def _purpose(kind: Kind, resource: Mapping[str, Any]) -> str:
    properties = resource["Properties"]
    purpose = _PERMISSIONS.get(properties.get("Principal", "")) or kind.purpose or properties["Description"]
    kept = "; kept when the stack is deleted" if resource.get("DeletionPolicy") == "Retain" else ""
    return f"{_uncapitalized(purpose.rstrip('.'))}{kept}"


def _uncapitalized(text: str) -> str:
    """Lower case after a colon, except for names such as EventBridge and acronyms."""
    first = text.split(maxsplit=1)[0]
    return text if first in {"EventBridge", "Lambda"} or first.isupper() else text[0].lower() + text[1:]
