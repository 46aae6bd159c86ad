"""Reads the resources of an account as CloudFormation describes them, read-only, with clients of the auditor role."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler.aws_errors import code_of
from handler.clients import Client
from handler.deployed_resources import Resource
from handler.resource_comparison import Addition, Reading, label
from handler.text import printable

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageTagMutabilityExclusionFilterTypeDef
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

Clients = Callable[[str], Client]
"""A client of a service in the account and region that are read."""

_MISSING = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "TemplateNotFoundException",
}
LARGEST_EVENT = 262_144
"""Bytes of the largest event. The default size of messages is not lower, and has changed over time.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html"""
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


def read(clients: Clients, resource: Resource, *, region: str) -> Reading | None:
    """One resource; None if it does not exist. Raises botocore's errors."""
    try:
        return _READERS[resource.type](clients, resource, region)
    except ClientError as error:
        if code_of(error) in _MISSING:
            return None
        raise


def stack_exists(clients: Clients, stack_id: str) -> bool:
    """Whether a stack exists, by its id, which CloudFormation also knows for 90 days after its deletion."""
    try:
        cloudformation: CloudFormationClient = clients("cloudformation")
        (stack,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in error.response["Error"].get("Message", ""):
            return False
        raise
    return str(stack["StackStatus"]) != "DELETE_COMPLETE"


def waiting_messages(clients: Clients, queue: Resource) -> int:
    """About how many messages a queue holds, those that a reader holds or that are delayed included."""
    return sum(int(count) for count in _attributes(clients("sqs"), queue.name, *_COUNTS).values())


def _role(clients: Clients, resource: Resource, region: str) -> Reading:
    del region
    iam: IAMClient = clients("iam")
    name = resource.name
    role = iam.get_role(RoleName=name)["Role"]
    desired = [policy["PolicyName"] for policy in resource.properties["Policies"]]
    inline = [one for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
              for one in page["PolicyNames"]]  # fmt: skip
    documents = {one: iam.get_role_policy(RoleName=name, PolicyName=one) for one in inline if one in desired}
    return Reading(
        properties={
            "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
            "MaxSessionDuration": role["MaxSessionDuration"],
            "Path": role["Path"] if role["Path"] != "/" else None,
            "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "Policies": [
                {"PolicyName": one, "PolicyDocument": found["PolicyDocument"]} for one, found in documents.items()
            ],
        },
        additions=(
            *_attached_policies(iam, resource),
            *(_inline_policy(resource, one) for one in inline if one not in desired),
            *_instance_profiles(iam, resource),
        ),
    )


def _attached_policies(iam: IAMClient, resource: Resource) -> Iterator[Addition]:
    """No template of this project attaches any."""
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=resource.name):
        for one in page["AttachedPolicies"]:
            arn = one["PolicyArn"]
            command = ("iam", "detach-role-policy", "--role-name", resource.name, "--policy-arn", arn)
            yield Addition(f"policy {arn} was added to {label(resource)}", _command(*command))


def _inline_policy(resource: Resource, name: str) -> Addition:
    command = ("iam", "delete-role-policy", "--role-name", resource.name, "--policy-name", name)
    return Addition(f"policy {name} was added to {label(resource)}", _command(*command))


def _instance_profiles(iam: IAMClient, resource: Resource) -> Iterator[Addition]:
    """IAM deletes no role that an instance profile has."""
    for page in iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=resource.name):
        for one in page["InstanceProfiles"]:
            name = one["InstanceProfileName"]
            options = ("--instance-profile-name", name, "--role-name", resource.name)
            yield Addition(
                f"instance profile {name} was added to {label(resource)}",
                _command("iam", "remove-role-from-instance-profile", *options),
            )


def _rule(clients: Clients, resource: Resource, region: str) -> Reading:
    events: EventBridgeClient = clients("events")
    bus = resource.properties.get("EventBusName", "default")
    rule = events.describe_rule(Name=resource.name, EventBusName=bus)
    desired = {target["Id"] for target in resource.properties["Targets"]}
    pages = events.get_paginator("list_targets_by_rule").paginate(Rule=resource.name, EventBusName=bus)
    targets = [one for page in pages for one in page["Targets"]]
    on_bus = () if bus == "default" else ("--event-bus-name", bus)
    where = ("--region", region, *on_bus, "--rule", resource.name)
    return Reading(
        properties={
            "State": rule["State"],
            "EventPattern": json.loads(rule.get("EventPattern", "null")),
            "ScheduleExpression": rule.get("ScheduleExpression") or None,
            "Targets": [one for one in targets if one["Id"] in desired],
        },
        additions=tuple(
            Addition(
                f"target {one['Id']} ({printable(one['Arn'])}) was added to {label(resource)}",
                _command("events", "remove-targets", *where, "--ids", one["Id"]),
            )
            for one in targets
            if one["Id"] not in desired
        ),
    )


def _queue(clients: Clients, resource: Resource, region: str) -> Reading:
    del region
    names: tuple[QueueAttributeNameType, ...] = (
        "DelaySeconds",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
    )
    found = _attributes(clients("sqs"), resource.name, *names)
    size = int(found.get("MaximumMessageSize", LARGEST_EVENT))
    return Reading(
        properties={
            "DelaySeconds": int(found.get("DelaySeconds", 0)) or None,
            "MaximumMessageSize": size if size < LARGEST_EVENT else None,
            "MessageRetentionPeriod": int(found["MessageRetentionPeriod"]),
            "RedrivePolicy": json.loads(found.get("RedrivePolicy") or "null"),
            "SqsManagedSseEnabled": found.get("SqsManagedSseEnabled", "false") == "true",
        }
    )


def _queue_policy(clients: Clients, resource: Resource, region: str) -> Reading | None:
    del region
    text = _attributes(clients("sqs"), resource.name, "Policy").get("Policy")
    return Reading(properties={"PolicyDocument": json.loads(text)}) if text else None


def _scanning(clients: Clients, resource: Resource, region: str) -> Reading:
    del resource, region
    ecr: ECRClient = clients("ecr")
    found = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    rules = [
        {
            "ScanFrequency": rule["scanFrequency"],
            "RepositoryFilters": [
                {"Filter": one["filter"], "FilterType": one["filterType"]} for one in rule["repositoryFilters"]
            ],
        }
        for rule in found.get("rules", [])
    ]
    return Reading(properties={"ScanType": found["scanType"], "Rules": rules})


def _creation_template(clients: Clients, resource: Resource, region: str) -> Reading | None:
    """Each property that a template may have, None for those that it lacks."""
    del region
    ecr: ECRClient = clients("ecr")
    found = ecr.describe_repository_creation_templates(prefixes=[resource.name])
    for one in found["repositoryCreationTemplates"]:
        encryption, exclusions = one.get("encryptionConfiguration", {}), one.get("imageTagMutabilityExclusionFilters")
        desired = resource.properties["EncryptionConfiguration"]
        properties = {
            "AppliedFor": one.get("appliedFor"),
            "CustomRoleArn": one.get("customRoleArn"),
            "EncryptionConfiguration": {name: encryption.get(name[0].lower() + name[1:]) for name in desired},
            "ImageTagMutability": one.get("imageTagMutability"),
            "ImageTagMutabilityExclusionFilters": [_exclusion(item) for item in exclusions] if exclusions else None,
            "LifecyclePolicy": one.get("lifecyclePolicy") or None,
            "RepositoryPolicy": one.get("repositoryPolicy") or None,
            "ResourceTags": one.get("resourceTags") or None,
        }
        return Reading(properties=properties)
    return None


def _exclusion(item: ImageTagMutabilityExclusionFilterTypeDef) -> dict[str, str]:
    prefix = "ImageTagMutabilityExclusionFilter"
    return {f"{prefix}Type": item["filterType"], f"{prefix}Value": item["filter"]}


def _attributes(sqs: SQSClient, queue: str, *names: QueueAttributeNameType) -> Mapping[QueueAttributeNameType, str]:
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})


def _command(*words: str) -> str:
    return shlex.join(["aws", *words])


_READERS: dict[str, Callable[[Clients, Resource, str], Reading | None]] = {
    "AWS::ECR::RegistryScanningConfiguration": _scanning,
    "AWS::ECR::RepositoryCreationTemplate": _creation_template,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
}
