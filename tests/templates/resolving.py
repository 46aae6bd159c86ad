"""Templates with their references filled in, as CloudFormation would for one account and region."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from troposphere import Template

from tests.templates.reading import resources

_ARNS = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{TableName}"),
    "AWS::Events::EventBus": ("events", "event-bus/{Name}"),
    "AWS::Events::Rule": ("events", "rule/{Name}"),
    "AWS::Lambda::Function": ("lambda", "function:{FunctionName}"),
    "AWS::SQS::Queue": ("sqs", "{QueueName}"),
    "AWS::SNS::Topic": ("sns", "{TopicName}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A template as it is in one account and region."""

    template: Template
    account: str
    region: str

    def resource(self, logical_id: str) -> dict[str, Any]:
        """Properties of a resource, without a reference left in them."""
        resolved = self._resolve(resources(self.template)[logical_id]["Properties"])
        assert isinstance(resolved, dict)
        return resolved

    def arn(self, logical_id: str) -> str:
        resource = resources(self.template)[logical_id]
        properties = resource["Properties"]
        if resource["Type"] == "AWS::IAM::Role":
            return f"arn:aws:iam::{self.account}:role/{self._resolve(properties['RoleName'])}"
        if resource["Type"] == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{properties['BucketName']}"
        service, form = _ARNS[resource["Type"]]
        name = form.format(**properties)
        if properties.get("EventBusName"):
            name = name.replace("rule/", f"rule/{self._resolve(properties['EventBusName'])}/")
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    def _resolve(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
                return self.arn(logical_id)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self._substitution(found[1]), text)
            case dict():
                return {key: self._resolve(item) for key, item in value.items()}
            case list():
                return [self._resolve(item) for item in value]
            case _:
                return value

    def _substitution(self, name: str) -> str:
        return self.arn(name.removesuffix(".Arn")) if name.endswith(".Arn") else self._reference(name)

    def _reference(self, name: str) -> str:
        pseudo = {"AWS::AccountId": self.account, "AWS::Region": self.region, "AWS::Partition": "aws"}
        if name not in pseudo and resources(self.template)[name]["Type"] == "AWS::SNS::Topic":
            return self.arn(name)
        return pseudo.get(name) or self._name(name)

    def _name(self, logical_id: str) -> str:
        resource = resources(self.template)[logical_id]
        (name,) = [value for key, value in resource["Properties"].items() if key == "Name" or key in _NAMES]
        return str(name)


_NAMES = {"BucketName", "FunctionName", "LogGroupName", "QueueName", "RoleName", "TableName"}
