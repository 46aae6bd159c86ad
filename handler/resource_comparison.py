"""Differences between a resource's template and the resource, and what somebody added to it, as text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from handler.deployed_resources import Resource
from handler.json_values import JsonValue
from handler.policy_meaning import policy_meaning

_POLICY_TEXTS = frozenset({"LifecyclePolicy", "RepositoryPolicy"})
_KINDS = {
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::Archive": "event archive",
    "AWS::Events::EventBus": "event bus",
    "AWS::Events::EventBusPolicy": "policy of the event bus",
    "AWS::IAM::Role": "role",
    "AWS::Lambda::EventInvokeConfig": "retries and failure destination of function",
    "AWS::Lambda::Function": "function",
    "AWS::Lambda::Permission": "permission to invoke function",
    "AWS::Lambda::Url": "URL of function",
    "AWS::Logs::LogGroup": "log group",
    "AWS::Logs::MetricFilter": "metric filter",
    "AWS::S3::Bucket": "bucket",
    "AWS::S3::BucketPolicy": "policy of the bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SNS::TopicPolicy": "policy of the topic",
    "AWS::Events::Rule": "event rule",
    "AWS::SQS::Queue": "queue",
    "AWS::SQS::QueuePolicy": "policy of the queue",
    "AWS::ECR::RepositoryCreationTemplate": "repository creation template",
    "AWS::ECR::RegistryScanningConfiguration": "scanning configuration of the",
}
_MEANINGS = {
    "AssumeRolePolicyDocument": "trust policy",
    "Policies": "permissions",
    "PermissionsBoundary": "permissions boundary",
    "MaxSessionDuration": "session duration",
    "Path": "path",
    "EventPattern": "event pattern",
    "ScheduleExpression": "schedule",
    "Targets": "target",
    "DelaySeconds": "delay",
    "MaximumMessageSize": "message size",
    "RedrivePolicy": "redrive policy",
    "MessageRetentionPeriod": "retention",
    "SqsManagedSseEnabled": "encryption",
    "PolicyDocument": "content",
    "AppliedFor": "use",
    "CustomRoleArn": "role",
    "EncryptionConfiguration": "encryption",
    "ImageTagMutability": "tag mutability",
    "ImageTagMutabilityExclusionFilters": "tag mutability",
    "LifecyclePolicy": "lifecycle policy",
    "RepositoryPolicy": "repository policy",
    "ResourceTags": "tags",
    "ScanType": "scan type",
    "Rules": "rules",
}


class Addition(NamedTuple):
    """Something that somebody added to a resource, and the command that removes it."""

    text: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A resource that exists: the properties that are compared, by CloudFormation's names, and what was added."""

    properties: Mapping[str, object]
    additions: tuple[Addition, ...] = ()


def label(resource: Resource) -> str:
    """The resource, for a person."""
    return f"{_KINDS[resource.type]} {resource.name}"


def problem(resource: Resource, reading: Reading | None) -> str | None:
    """What differs, except additions; None if nothing does. `reading` is None if the resource does not exist."""
    if reading is None:
        return f"{label(resource)} does not exist"
    changed = changed_properties(resource, reading)
    if "State" in changed:
        return f"{label(resource)} is disabled"
    if not changed:
        return None
    return f"{label(resource)}: {', '.join(dict.fromkeys(_meaning(name) for name in changed))} changed"


def changed_properties(resource: Resource, reading: Reading) -> tuple[str, ...]:
    """The properties that were read and differ, also those that the template does not have."""
    return tuple(
        name
        for name, value in reading.properties.items()
        if policy_meaning(_parsed(name, resource.properties.get(name))) != policy_meaning(_parsed(name, value))
    )


def _meaning(name: str) -> str:
    """A property, for a person: `MemorySize` is `memory size`."""
    return _MEANINGS.get(name) or " ".join(re.findall("[A-Z][a-z]+|[A-Z]+", name)).lower()


def _parsed(name: str, value: JsonValue) -> JsonValue:
    """Policies of creation templates are texts, which AWS may format in another way."""
    return json.loads(value) if name in _POLICY_TEXTS and value else value
