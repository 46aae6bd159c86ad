"""Differences between a resource's template and the resource, and what somebody added to it, as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from handler.deployed_resources import Resource
from handler.policy_meaning import policy_meaning

_POLICY_TEXTS = frozenset({"LifecyclePolicy", "RepositoryPolicy"})
_KINDS = {
    "AWS::IAM::Role": "role",
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

    properties: Mapping[str, Any]
    additions: tuple[Addition, ...] = ()


def label(resource: Resource) -> str:
    """The resource, for a person."""
    return f"{_KINDS[resource.type]} {resource.name}"


def problem(resource: Resource, reading: Reading | None) -> str | None:
    """What differs, except additions; None if nothing does. `reading` is None if the resource does not exist."""
    if reading is None:
        return f"{label(resource)} does not exist"
    changed = [
        name
        for name, value in reading.properties.items()
        if policy_meaning(_parsed(name, resource.properties.get(name))) != policy_meaning(_parsed(name, value))
    ]
    if "State" in changed:
        return f"{label(resource)} is disabled"
    if not changed:
        return None
    return f"{label(resource)}: {', '.join(dict.fromkeys(_MEANINGS[name] for name in changed))} changed"


def _parsed(name: str, value: Any) -> Any:
    """Policies of creation templates are texts, which AWS may format in another way."""
    return json.loads(value) if name in _POLICY_TEXTS and value else value
