"""The resources that a template describes in one account and region, with their names and references resolved. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource: its type, its name as AWS shows it, and the properties that it was deployed with."""

    type: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An account and region."""

    partition: str
    account: str
    region: str


_NAMES = {
    "AWS::ECR::RepositoryCreationTemplate": "Prefix",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::SQS::Queue": "QueueName",
}
_ARNS = {
    "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{name}",
    "AWS::Events::Rule": "arn:{partition}:events:{region}:{account}:rule/{name}",
    "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
}
_POLICY = "AWS::SQS::QueuePolicy"
_SCANNING = "AWS::ECR::RegistryScanningConfiguration"
NAMED_TYPES = frozenset(_NAMES)
"""Types of which an account has at most one resource with each name, in a region or as a whole."""
INSPECTED_TYPES = frozenset({*_NAMES, _POLICY, _SCANNING})


def resources_of(body: str, location: Location) -> tuple[Resource, ...]:
    """Resolve a template; raises ValueError for what this module does not support."""
    resources: Mapping[str, Mapping[str, Any]] = json.loads(body)["Resources"]
    for one in resources.values():
        if one["Type"] not in INSPECTED_TYPES:
            raise ValueError(f"{one['Type']} is not inspected")
    resolver = _Resolver(resources, location)
    return tuple(
        Resource(type=one["Type"], name=resolver.name_of(key), properties=resolver.resolve(one["Properties"]))
        for key, one in resources.items()
    )


class _Resolver:
    def __init__(self, resources: Mapping[str, Mapping[str, Any]], location: Location) -> None:
        self._resources = resources
        self._location = location
        self._pseudo = {
            "AWS::Partition": location.partition,
            "AWS::AccountId": location.account,
            "AWS::Region": location.region,
        }

    def name_of(self, logical_id: str) -> str:
        resource = self._resources[logical_id]
        if resource["Type"] == _POLICY:
            return str(self.resolve(resource["Properties"]["Queues"][0]))
        if resource["Type"] == _SCANNING:
            return "registry"
        return str(self.resolve(resource["Properties"][_NAMES[resource["Type"]]]))

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self._pseudo.get(argument) or self.name_of(argument)
            if key == "Fn::GetAtt":
                return self._arn(*argument)
            if key == "Fn::Sub":
                return self._substituted(argument)
            if key.startswith("Fn::"):
                raise ValueError(f"{key} is not resolved")
        return {key: self.resolve(one) for key, one in value.items()}

    def _arn(self, logical_id: str, attribute: str) -> str:
        if attribute != "Arn":
            raise ValueError(f"{logical_id}.{attribute} is not resolved")
        form = _ARNS[self._resources[logical_id]["Type"]]
        at = self._location
        name = self.name_of(logical_id)
        return form.format(partition=at.partition, account=at.account, region=at.region, name=name)

    def _substituted(self, text: str) -> str:
        """Fn::Sub: `${!Name}` stands for the text `${Name}`."""
        for name, value in self._pseudo.items():
            text = text.replace(f"${{{name}}}", value)
        if re.search(r"\$\{(?!!)", text):
            raise ValueError(f"{text} is not resolved")
        return text.replace("${!", "${")
