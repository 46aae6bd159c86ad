"""The types of resources in the central stacks, and the text of their names and ARNs. Pure."""

from __future__ import annotations

from handler.deployed_resources import MEMBER_TYPES, ResourceTypes

_REGIONAL = "arn:{partition}:%s:{region}:{account}:%s{name}"

CENTRAL_TYPES = ResourceTypes(
    names={
        **MEMBER_TYPES.names,
        "AWS::CloudWatch::Alarm": "AlarmName",
        "AWS::CloudWatch::Dashboard": "DashboardName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::Events::Archive": "ArchiveName",
        "AWS::Events::EventBus": "Name",
        "AWS::Events::EventBusPolicy": "EventBusName",
        "AWS::Lambda::EventInvokeConfig": "FunctionName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Lambda::Permission": "FunctionName",
        "AWS::Lambda::Url": "TargetFunctionArn",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::Logs::MetricFilter": "FilterName",
        "AWS::S3::Bucket": "BucketName",
        "AWS::S3::BucketPolicy": "Bucket",
        "AWS::SNS::Topic": "TopicName",
        "AWS::SNS::TopicPolicy": "Topics",
    },
    arns={
        **MEMBER_TYPES.arns,
        "AWS::DynamoDB::Table": _REGIONAL % ("dynamodb", "table/"),
        "AWS::Events::EventBus": _REGIONAL % ("events", "event-bus/"),
        "AWS::Lambda::Function": _REGIONAL % ("lambda", "function:"),
        "AWS::Logs::LogGroup": _REGIONAL % ("logs", "log-group:") + ":*",
        "AWS::S3::Bucket": "arn:{partition}:s3:::{name}",
        "AWS::SNS::Topic": _REGIONAL % ("sns", ""),
    },
    referred_by_arn=frozenset({"AWS::SNS::Topic"}),
)

NOT_COMPARED_BY_CLOUDFORMATION = frozenset({"AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"})
"""Types without a read handler in CloudFormation's registry, so that drift-aware change sets do not revert them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html (Supported resource types)
"""
