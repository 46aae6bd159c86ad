"""What applies to all types: their attributes are those of CloudFormation's schemas and stacks."""

from __future__ import annotations

import pytest

from aws_org_sandbox.resources.catalogue import TYPES
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests import provider_schemas
from sandbox.tests.stacks import LAMBDA_TRUST, deploy, resource

KEYS = [{"AttributeName": "id", "KeyType": "HASH"}]
STACK = {
    "Alarm": resource(
        "AWS::CloudWatch::Alarm",
        {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "MetricName": "m",
            "Namespace": "n",
            "Period": 60,
            "Statistic": "Sum",
            "Threshold": 1,
        },
    ),
    "Archive": resource("AWS::Events::Archive", {"SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]}}),
    "Bucket": resource("AWS::S3::Bucket"),
    "Bus": resource("AWS::Events::EventBus", {"Name": "bus"}),
    "LogGroup": resource("AWS::Logs::LogGroup"),
    "Queue": resource("AWS::SQS::Queue"),
    "Role": resource("AWS::IAM::Role", {"AssumeRolePolicyDocument": LAMBDA_TRUST}),
    "Rule": resource("AWS::Events::Rule", {"EventPattern": {"source": ["aws.ecr"]}}),
    "Scanning": resource("AWS::ECR::RegistryScanningConfiguration", {"ScanType": "BASIC", "Rules": []}),
    "Table": resource(
        "AWS::DynamoDB::Table",
        {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": KEYS,
            "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
        },
    ),
    "Template": resource(
        "AWS::ECR::RepositoryCreationTemplate", {"Prefix": "team-a", "AppliedFor": ["CREATE_ON_PUSH"]}
    ),
    "Topic": resource("AWS::SNS::Topic"),
}
"""One of each type with attributes, functions and their URLs apart, which need code in a bucket."""


def test_resources_have_the_attributes_of_their_types(sandbox: Sandbox) -> None:
    stack = deploy(STACK)
    assert stack.status == "CREATE_COMPLETE", stack.events
    found = {item.type: set(item.attributes) for item in stack.resources.values()}
    assert found == {type_: set(TYPES[type_].attribute_names) for type_ in found}
    without = {type_ for type_, kind in TYPES.items() if kind.attribute_names} - found.keys()
    assert without == {"AWS::Lambda::Function", "AWS::Lambda::Url"}


BY_NAME = {"AWS::Events::EventBus": {"Name"}, "AWS::SNS::Topic": {"TopicName"}, "AWS::SQS::Queue": {"QueueName"}}
"""Properties that are attributes as well, by the "Return values" of the type's page; its schema does not have them."""


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_the_attributes_are_those_of_the_schema(type_: str) -> None:
    published = provider_schemas.schema("us-east-1", type_).get("readOnlyProperties", [])
    attributes = {pointer.removeprefix("/properties/").replace("/", ".") for pointer in published}
    assert set(TYPES[type_].attribute_names) <= attributes | BY_NAME.get(type_, set())


def test_the_properties_of_creation_templates_are_those_of_the_schema() -> None:
    kind = TYPES["AWS::ECR::RepositoryCreationTemplate"]
    schema = provider_schemas.schema("us-east-1", kind.type_name)
    assert {name.rstrip("!") for name in kind.shape} == schema["properties"].keys() - {"CreatedAt", "UpdatedAt"}
    assert {name.rstrip("!") for name in kind.shape if name.endswith("!")} == set(schema["required"])
    assert [f"/properties/{name}" for name in kind.replaced_by] == schema["createOnlyProperties"]
    assert kind.shape["Prefix!"].pattern == schema["properties"]["Prefix"]["pattern"]
    assert kind.shape["CustomRoleArn"].pattern == schema["properties"]["CustomRoleArn"]["pattern"]
