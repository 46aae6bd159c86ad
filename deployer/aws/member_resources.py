"""Resources of member accounts, through the auditor role, read-only. Implements `deployer.inspection.inspecting`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore import exceptions as botocore

from deployer.aws.errors import code_of, message_of, translated
from deployer.aws.members import Members
from deployer.inspection.comparison import Actual
from deployer.inspection.template import Resource

_MISSING = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


class MemberResources:
    """The accounts."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def open(self, account: str) -> MemberAccount:
        """One account; raises PermissionDeniedError if its auditor role cannot be assumed."""
        self._members.assume(account)
        return MemberAccount(self._members, account)


class MemberAccount:
    """One account."""

    def __init__(self, members: Members, account: str) -> None:
        self._members = members
        self._account = account

    def stack_exists(self, stack_id: str, *, region: str) -> bool:
        """By its id, which CloudFormation also knows for 90 days after its deletion."""
        with translated(self._location(region)):
            try:
                (stack,) = self._client("cloudformation", region).describe_stacks(StackName=stack_id)["Stacks"]
            except botocore.ClientError as error:
                if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
                    return False
                raise
        return str(stack["StackStatus"]) != "DELETE_COMPLETE"

    def read(self, resource: Resource, *, region: str) -> Actual | None:
        """The properties that are compared; None if the resource does not exist."""
        with translated(self._location(region)):
            try:
                return _READERS[resource.type](lambda service: self._client(service, region), resource)
            except botocore.ClientError as error:
                if code_of(error) in _MISSING:
                    return None
                raise

    def waiting(self, queue: Resource, *, region: str) -> int:
        """About how many messages a queue holds, those that a reader holds or that are delayed included."""
        with translated(self._location(region)):
            counts = _attributes(self._client("sqs", region), queue.name, *_COUNTS)
        return sum(int(count) for count in counts.values())

    def _client(self, service: str, region: str) -> Any:
        return self._members.client(service, self._account, region)

    def _location(self, region: str) -> str:
        return f"account {self._account}, {region}"


Clients = Callable[[str], Any]


def _role(clients: Clients, resource: Resource) -> Actual:
    iam = clients("iam")
    role = iam.get_role(RoleName=resource.name)["Role"]
    return {
        "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
        "MaxSessionDuration": role["MaxSessionDuration"],
        "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "Policies": [found for one in resource.properties["Policies"] if (found := _inline(iam, resource, one))],
    }


def _inline(iam: Any, resource: Resource, policy: dict[str, Any]) -> dict[str, Any] | None:
    name = policy["PolicyName"]
    try:
        found = iam.get_role_policy(RoleName=resource.name, PolicyName=name)
    except botocore.ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        return None
    return {"PolicyName": name, "PolicyDocument": found["PolicyDocument"]}


def _rule(clients: Clients, resource: Resource) -> Actual:
    """Targets that somebody added are not compared: they take nothing from ours."""
    events = clients("events")
    rule = events.describe_rule(Name=resource.name)
    ids = {target["Id"] for target in resource.properties["Targets"]}
    targets = events.list_targets_by_rule(Rule=resource.name)["Targets"]
    return {
        "State": rule["State"],
        "EventPattern": json.loads(rule.get("EventPattern", "null")),
        "Targets": [target for target in targets if target["Id"] in ids],
    }


def _queue(clients: Clients, resource: Resource) -> Actual:
    found = _attributes(clients("sqs"), resource.name, "MessageRetentionPeriod", "SqsManagedSseEnabled")
    return {
        "MessageRetentionPeriod": int(found["MessageRetentionPeriod"]),
        "SqsManagedSseEnabled": found.get("SqsManagedSseEnabled", "false") == "true",
    }


def _queue_policy(clients: Clients, resource: Resource) -> Actual | None:
    text = _attributes(clients("sqs"), resource.name, "Policy").get("Policy")
    return {"PolicyDocument": json.loads(text)} if text else None


def _scanning(clients: Clients, _: Resource) -> Actual:
    found = clients("ecr").get_registry_scanning_configuration()["scanningConfiguration"]
    return {
        "ScanType": found["scanType"],
        "Rules": [
            {
                "ScanFrequency": rule["scanFrequency"],
                "RepositoryFilters": [
                    {"Filter": one["filter"], "FilterType": one["filterType"]} for one in rule["repositoryFilters"]
                ],
            }
            for rule in found.get("rules", [])
        ],
    }


def _attributes(sqs: Any, queue: str, *names: str) -> dict[str, str]:
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})
    return found


_READERS: dict[str, Callable[[Clients, Resource], Actual | None]] = {
    "AWS::ECR::RegistryScanningConfiguration": _scanning,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
}
