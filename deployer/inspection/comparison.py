"""Differences between a resource's template and the resource, as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployer.drift.comparison import policy_meaning
from deployer.inspection.template import Resource

Actual = Mapping[str, Any]
"""Properties by the names that CloudFormation has for them; only those that are compared."""

_KINDS = {
    "AWS::IAM::Role": "role",
    "AWS::Events::Rule": "event rule",
    "AWS::SQS::Queue": "queue",
    "AWS::SQS::QueuePolicy": "policy of the queue",
    "AWS::ECR::RegistryScanningConfiguration": "scanning configuration of the",
}
_MEANINGS = {
    "AssumeRolePolicyDocument": "trust policy",
    "Policies": "permissions",
    "PermissionsBoundary": "permissions boundary",
    "MaxSessionDuration": "session duration",
    "EventPattern": "event pattern",
    "Targets": "target",
    "MessageRetentionPeriod": "retention",
    "SqsManagedSseEnabled": "encryption",
    "PolicyDocument": "content",
    "ScanType": "scan type",
    "Rules": "rules",
}


def label(resource: Resource) -> str:
    """The resource, for a person."""
    return f"{_KINDS[resource.type]} {resource.name}"


def problem(resource: Resource, actual: Actual | None) -> str | None:
    """What differs; None if nothing does. `actual` is None if the resource does not exist."""
    if actual is None:
        return f"{label(resource)} does not exist"
    changed = [
        name for name, value in actual.items() if policy_meaning(resource.properties.get(name)) != policy_meaning(value)
    ]
    if "State" in changed:
        return f"{label(resource)} is disabled"
    if not changed:
        return None
    return f"{label(resource)}: {', '.join(_MEANINGS[name] for name in changed)} changed"
