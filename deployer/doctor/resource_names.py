"""Names of a roll-out's resources in the central account, from the templates that it deploys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from deployer.doctor.actual_state import Existing, Holder, Unread
from handler.json_values import JsonValue

STACK = "AWS::CloudFormation::Stack"
STACK_SET = "AWS::CloudFormation::StackSet"

_NAMED: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
"""The property that names a resource, for types whose names another owner may use."""

IAM_ROLE = "AWS::IAM::Role"

SHOW: Mapping[str, str] = {
    STACK: "aws cloudformation describe-stacks --stack-name {name} --region {region}",
    STACK_SET: "aws cloudformation describe-stack-set --stack-set-name {name} --call-as {call_as} --region {region}",
    "AWS::DynamoDB::Table": "aws dynamodb describe-table --table-name {name} --region {region}",
    "AWS::Events::EventBus": "aws events describe-event-bus --name {name} --region {region}",
    "AWS::Events::Rule": "aws events describe-rule --name {name} --region {region}",
    IAM_ROLE: "aws iam get-role --role-name {name}",
    "AWS::Lambda::Function": "aws lambda get-function --function-name {name} --region {region}",
    "AWS::Logs::LogGroup": "aws logs describe-log-groups --log-group-name-prefix {name} --region {region}",
    "AWS::S3::Bucket": "aws s3api head-bucket --bucket {name} --region {region}",
    "AWS::SNS::Topic": "aws sns list-topics --region {region}",
    "AWS::SQS::Queue": "aws sqs get-queue-url --queue-name {name} --region {region}",
}
"""The command that shows a resource, by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceName:
    """A name in one region; `description` is the beginning of the description of our stacks."""

    type: str
    name: str
    region: str
    description: str = ""


def names_in(template: Mapping[str, JsonValue], *, region: str) -> Iterator[ResourceName]:
    """The named resources of a template. Rules on deployer's own bus are omitted: they exist only with the bus."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        name = properties.get(_NAMED.get(resource["Type"], ""))
        if isinstance(name, str) and "EventBusName" not in properties:
            yield ResourceName(type=resource["Type"], name=name, region=region)


def stack_sets_held(expected: Iterable[ResourceName], found: Mapping[str, str] | Unread) -> Iterator[Existing]:
    """StackSets of these names that exist, by their descriptions: a roll-out would update one of another owner."""
    for one in expected:
        holder: Holder | Unread
        if isinstance(found, Unread):
            holder = found
        elif one.name in found:
            holder = "ours" if found[one.name].startswith(one.description) else "other"
        else:
            continue
        yield Existing(type=one.type, name=one.name, region=one.region, holder=holder)
