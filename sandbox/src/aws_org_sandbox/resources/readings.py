"""The actual properties of resources, as drift detection reads them, for the types of member stacks.

A type without a reading is NOT_CHECKED, as AWS reports the types whose drift it does not detect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from aws_org_sandbox.resources import creation_templates
from aws_org_sandbox.resources.resource import Properties, ResourceContext

Reading = Callable[[ResourceContext, str], dict[str, Any] | None]

_MISSING = frozenset(
    {
        "NoSuchEntity",
        "ResourceNotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)


def actual_properties(type_: str, context: ResourceContext, physical_id: str) -> Properties | None:
    """The properties of a resource; None if it does not exist. Raises KeyError for a type without a reading."""
    try:
        return READINGS[type_](context, physical_id)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise


def _role(context: ResourceContext, name: str) -> dict[str, Any]:
    iam = context.client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    inline = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    return {
        "RoleName": role["RoleName"],
        "Path": role["Path"],
        "Description": role.get("Description", ""),
        "MaxSessionDuration": role.get("MaxSessionDuration", 3600),
        "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
        "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
        "Policies": [{key: one[key] for key in ("PolicyName", "PolicyDocument")} for one in inline],
        "Tags": role.get("Tags", []),
    }


def _rule(context: ResourceContext, physical_id: str) -> dict[str, Any]:
    bus, _, name = physical_id.rpartition("|")
    events, named = context.client("events"), {"EventBusName": bus or "default"}
    rule = events.describe_rule(Name=name, **named)
    names = ("Name", "Description", "RoleArn", "ScheduleExpression", "State")
    return {
        **{key: rule.get(key) for key in names},
        **named,
        "EventPattern": json.loads(rule["EventPattern"]) if rule.get("EventPattern") else None,
        "Targets": events.list_targets_by_rule(Rule=name, **named)["Targets"],
        "Tags": events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"],
    }


def _queue(context: ResourceContext, url: str) -> dict[str, Any]:
    sqs = context.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    return {
        **attributes,
        "QueueName": url.rsplit("/", 1)[-1],
        "RedrivePolicy": json.loads(attributes["RedrivePolicy"]) if attributes.get("RedrivePolicy") else None,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def _scanning(context: ResourceContext, _: str) -> dict[str, Any]:
    found = context.client("ecr").get_registry_scanning_configuration()["scanningConfiguration"]
    rules = [
        {
            "ScanFrequency": rule["scanFrequency"],
            "RepositoryFilters": [
                {"Filter": item["filter"], "FilterType": item["filterType"]} for item in rule["repositoryFilters"]
            ],
        }
        for rule in found.get("rules", ())
    ]
    return {"ScanType": found["scanType"], "Rules": rules}


READINGS: Mapping[str, Reading] = {
    "AWS::ECR::RegistryScanningConfiguration": _scanning,
    "AWS::ECR::RepositoryCreationTemplate": creation_templates.actual,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::SQS::Queue": _queue,
}
