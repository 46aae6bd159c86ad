"""The resources that a template describes in one account and region, with their names and references resolved. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from handler.json_values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource: its type, its name as AWS shows it, and the properties that it was deployed with."""

    type: str
    name: str
    properties: Mapping[str, JsonValue]
    logical_id: str = ""
    arn: str = ""
    """Of the types that templates refer to by ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An account and region."""

    partition: str
    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceTypes:
    """The types that an inspection supports."""

    names: Mapping[str, str]
    """The property with the name of a resource, or of the one that it belongs to, such as the queue of a policy."""
    arns: Mapping[str, str]
    """The ARN of each type that templates refer to by ARN, with placeholders."""
    referred_by_arn: frozenset[str] = frozenset()
    """Types whose `Ref` is the ARN."""


_NAMES = {
    "AWS::ECR::RepositoryCreationTemplate": "Prefix",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::SQS::Queue": "QueueName",
}
NAMED_TYPES = frozenset(_NAMES)
"""Types of which an account has at most one resource with each name, in a region or as a whole."""
REGISTRY = "AWS::ECR::RegistryScanningConfiguration"
"""It has no name: a registry has one."""
MEMBER_TYPES = ResourceTypes(
    names={**_NAMES, REGISTRY: "", "AWS::SQS::QueuePolicy": "Queues"},
    arns={
        "AWS::IAM::Role": "arn:{partition}:iam::{account}:role/{name}",
        "AWS::Events::Rule": "arn:{partition}:events:{region}:{account}:rule/{name}",
        "AWS::SQS::Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
    },
)
"""Those of the StackSets' templates."""


def resources_of(body: str, location: Location, types: ResourceTypes = MEMBER_TYPES) -> tuple[Resource, ...]:
    """Resolve a template; raises ValueError for what this module does not support."""
    resources: Mapping[str, Mapping[str, JsonValue]] = json.loads(body)["Resources"]
    for one in resources.values():
        if one["Type"] not in types.names:
            raise ValueError(f"{one['Type']} is not inspected")
    resolver = _Resolver(resources, location, types)
    return tuple(
        Resource(
            type=one["Type"],
            name=resolver.name_of(key),
            properties=resolver.resolve(one["Properties"]),
            logical_id=key,
            arn=resolver.arn(key, "Arn") if one["Type"] in types.arns else "",
        )
        for key, one in resources.items()
    )


class _Resolver:
    def __init__(
        self, resources: Mapping[str, Mapping[str, JsonValue]], location: Location, types: ResourceTypes
    ) -> None:
        self._resources = resources
        self._location = location
        self._types = types
        self._pseudo = {
            "AWS::Partition": location.partition,
            "AWS::AccountId": location.account,
            "AWS::Region": location.region,
        }

    def name_of(self, logical_id: str) -> str:
        """Only the name, even if the property has an ARN."""
        resource = self._resources[logical_id]
        key = self._types.names[resource["Type"]]
        if not key:
            return "registry"
        found = self.resolve(resource["Properties"][key])
        return str(found[0] if isinstance(found, list) else found).rsplit(":", 1)[-1]

    def resolve(self, value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self._pseudo.get(argument) or self._reference(argument)
            if key == "Fn::GetAtt":
                return self.arn(*argument)
            if key == "Fn::Sub":
                return self._substituted(argument)
            if key.startswith("Fn::"):
                raise ValueError(f"{key} is not resolved")
        return {key: self.resolve(one) for key, one in value.items()}

    def _reference(self, logical_id: str) -> str:
        by_arn = self._resources[logical_id]["Type"] in self._types.referred_by_arn
        return self.arn(logical_id, "Arn") if by_arn else self.name_of(logical_id)

    def arn(self, logical_id: str, attribute: str) -> str:
        if attribute != "Arn":
            raise ValueError(f"{logical_id}.{attribute} is not resolved")
        resource, at = self._resources[logical_id], self._location
        bus, name = resource["Properties"].get("EventBusName"), self.name_of(logical_id)
        return self._types.arns[resource["Type"]].format(
            partition=at.partition,
            account=at.account,
            region=at.region,
            name=f"{self.resolve(bus)}/{name}" if bus else name,
        )

    def _substituted(self, text: str) -> str:
        """Fn::Sub: `${!Name}` stands for the text `${Name}`."""
        for name, value in self._pseudo.items():
            text = text.replace(f"${{{name}}}", value)
        text = re.sub(r"\$\{(\w+)\.(\w+)\}", lambda found: self.arn(found[1], found[2]), text)
        if re.search(r"\$\{(?!!)", text):
            raise ValueError(f"{text} is not resolved")
        return text.replace("${!", "${")
