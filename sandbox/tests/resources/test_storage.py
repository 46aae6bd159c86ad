"""Tables, buckets and log groups: what outlives a deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.cloudformation import StackFailed, delete_stack
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, MEMBER, deploy, policy, resource, stack_of

KEYS = [{"AttributeName": "account", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]


def remove() -> None:
    delete_stack(account=MEMBER, region=HOME, name="stack")


def attributes(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def index(name: str, partition: str) -> dict[str, Any]:
    keys = [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}


def table(**properties: Any) -> dict[str, Any]:
    base = {
        "TableName": "ledger",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes("account", "at"),
        "KeySchema": KEYS,
    }
    return resource("AWS::DynamoDB::Table", {**base, **properties})


LEDGER = {
    "AttributeDefinitions": attributes("account", "at", "day"),
    "DeletionProtectionEnabled": True,
    "GlobalSecondaryIndexes": [index("by-day", "day")],
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
    "Tags": [{"Key": "team", "Value": "a"}],
    "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
}


@pytest.fixture
def dynamodb(sandbox: Sandbox) -> Any:
    return sandbox.client("dynamodb", account=MEMBER)


def described(dynamodb: Any) -> Any:
    return dynamodb.describe_table(TableName="ledger")["Table"]


def expiry(dynamodb: Any) -> Any:
    return dynamodb.describe_time_to_live(TableName="ledger")["TimeToLiveDescription"]


def backups(dynamodb: Any) -> Any:
    found = dynamodb.describe_continuous_backups(TableName="ledger")["ContinuousBackupsDescription"]
    return found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def test_a_table_has_all_properties_of_its_template(dynamodb: Any) -> None:
    deploy({"Table": table(**LEDGER)})
    found = described(dynamodb)
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert found["DeletionProtectionEnabled"] is True
    assert found["SSEDescription"]["Status"] == "ENABLED"
    assert [item["IndexName"] for item in found["GlobalSecondaryIndexes"]] == ["by-day"]
    assert expiry(dynamodb) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert backups(dynamodb) == "ENABLED"
    tags = dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]


def test_a_table_is_updated_in_place_and_keeps_its_items(dynamodb: Any) -> None:
    deploy({"Table": table(**LEDGER)})
    item = {"account": {"S": MEMBER}, "at": {"S": "2026"}, "repository": {"S": "team-a/api"}}
    dynamodb.put_item(TableName="ledger", Item=item)
    changed = {
        "AttributeDefinitions": attributes("account", "at", "repository"),
        "GlobalSecondaryIndexes": [index("by-repository", "repository")],
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "Tags": [{"Key": "team", "Value": "b"}],
    }
    deploy({"Table": table(**changed)})
    found = described(dynamodb)
    assert found["DeletionProtectionEnabled"] is False
    assert [item["IndexName"] for item in found["GlobalSecondaryIndexes"]] == ["by-repository"]
    assert expiry(dynamodb)["TimeToLiveStatus"] == "DISABLED"
    assert backups(dynamodb) == "DISABLED"
    by_repository = dynamodb.query(
        TableName="ledger",
        IndexName="by-repository",
        KeyConditionExpression="repository = :name",
        ExpressionAttributeValues={":name": {"S": "team-a/api"}},
    )
    assert by_repository["Items"] == [item]


def test_a_protected_table_is_not_deleted(dynamodb: Any) -> None:
    deploy({"Table": table(DeletionProtectionEnabled=True)})
    with pytest.raises(StackFailed, match="Table"):
        remove()
    assert stack_of().status == "DELETE_FAILED"
    deploy_again = table(DeletionProtectionEnabled=False)
    with pytest.raises(StackFailed):
        deploy({"Table": deploy_again})
    dynamodb.update_table(TableName="ledger", DeletionProtectionEnabled=False)
    remove()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        described(dynamodb)


def test_a_change_of_keys_would_need_another_table(dynamodb: Any) -> None:
    deploy({"Table": table()})
    with pytest.raises(StackFailed, match="Rename ledger"):
        deploy({"Table": table(AttributeDefinitions=attributes("account"), KeySchema=KEYS[:1])})


def bucket(**properties: Any) -> dict[str, Any]:
    return resource("AWS::S3::Bucket", {"BucketName": "artifacts-of-member", **properties})


ARTIFACTS = {
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "LifecycleConfiguration": {
        "Rules": [
            {
                "Id": "old",
                "Status": "Enabled",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            }
        ]
    },
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "PublicAccessBlockConfiguration": dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    ),
    "Tags": [{"Key": "team", "Value": "a"}],
    "VersioningConfiguration": {"Status": "Enabled"},
}
NAME = {"Bucket": "artifacts-of-member"}


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    return sandbox.client("s3", account=MEMBER)


def test_a_bucket_has_all_properties_of_its_template(s3: Any) -> None:
    stack = deploy({"Bucket": bucket(**ARTIFACTS)}, Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Bucket", "Arn"]}}})
    assert stack.outputs["Arn"] == "arn:aws:s3:::artifacts-of-member"
    assert s3.get_bucket_location(**NAME)["LocationConstraint"] == HOME
    assert s3.get_bucket_versioning(**NAME)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(**NAME)["PublicAccessBlockConfiguration"].values())
    (encryption,) = s3.get_bucket_encryption(**NAME)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (rule,) = s3.get_bucket_lifecycle_configuration(**NAME)["Rules"]
    assert (rule["ID"], rule["NoncurrentVersionExpiration"]) == ("old", {"NoncurrentDays": 90})
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert s3.get_bucket_tagging(**NAME)["TagSet"] == [{"Key": "team", "Value": "a"}]
    (owner,) = s3.get_bucket_ownership_controls(**NAME)["OwnershipControls"]["Rules"]
    assert owner == {"ObjectOwnership": "BucketOwnerEnforced"}


def test_a_bucket_is_updated_in_place(s3: Any) -> None:
    deploy({"Bucket": bucket(**ARTIFACTS)})
    s3.put_object(**NAME, Key="kept", Body=b"")
    deploy({"Bucket": bucket(BucketEncryption=ARTIFACTS["BucketEncryption"])})
    assert s3.get_bucket_versioning(**NAME)["Status"] == "Suspended"
    for gone in (s3.get_bucket_lifecycle_configuration, s3.get_public_access_block, s3.get_bucket_tagging):
        with pytest.raises(ClientError, match="NoSuch"):
            gone(**NAME)
    s3.get_object(**NAME, Key="kept")


def test_only_an_empty_bucket_is_deleted(s3: Any) -> None:
    deploy({"Bucket": bucket(VersioningConfiguration={"Status": "Enabled"})})
    version = s3.put_object(**NAME, Key="key", Body=b"")["VersionId"]
    marker = s3.delete_object(**NAME, Key="key")["VersionId"]
    with pytest.raises(StackFailed, match="not empty"):
        remove()
    for version_id in (version, marker):
        s3.delete_object(**NAME, Key="key", VersionId=version_id)
    remove()
    assert not s3.list_buckets()["Buckets"]


@pytest.mark.parametrize("owner", [MEMBER, "400000000001"])
@pytest.mark.parametrize("region", [HOME, "us-east-1"])
def test_bucket_names_are_globally_unique(sandbox: Sandbox, owner: str, region: str) -> None:
    sandbox.client("s3", account=owner, region="us-east-1").create_bucket(**NAME)
    with pytest.raises(StackFailed, match=r"already (exists|own)|not available"):
        deploy({"Bucket": bucket()}, region=region)


def test_a_bucket_policy_is_created_updated_and_deleted(s3: Any) -> None:
    def bucket_policy(action: str) -> dict[str, Any]:
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
            "Condition": {"Bool": {"aws:SecureTransport": False}},
        }
        properties = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": policy(statement)}
        return resource("AWS::S3::BucketPolicy", properties)

    deploy({"Bucket": bucket(), "Policy": bucket_policy("s3:*")})
    (statement,) = json.loads(s3.get_bucket_policy(**NAME)["Policy"])["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("s3:*", "arn:aws:s3:::artifacts-of-member/*")
    deploy({"Bucket": bucket(), "Policy": bucket_policy("s3:Get*")})
    assert "s3:Get*" in s3.get_bucket_policy(**NAME)["Policy"]
    deploy({"Bucket": bucket()})
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(**NAME)


def test_a_log_group_is_created_updated_and_deleted(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs", account=MEMBER)
    arn = f"arn:aws:logs:{HOME}:{MEMBER}:log-group:/aws/lambda/handler"

    def group(**properties: Any) -> dict[str, Any]:
        return {"Group": resource("AWS::Logs::LogGroup", {"LogGroupName": "/aws/lambda/handler", **properties})}

    def found() -> Any:
        return next(iter(logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/handler")["logGroups"]), None)

    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}}
    tags = [{"Key": "team", "Value": "a"}]
    assert deploy(group(RetentionInDays=30, Tags=tags), Outputs=outputs).outputs == {"Arn": f"{arn}:*"}
    assert found()["retentionInDays"] == 30
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "a"}
    deploy(group(RetentionInDays=90))
    assert found()["retentionInDays"] == 90
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    key = "arn:aws:kms:eu-west-1:300000000001:key/11111111-2222-3333-4444-555555555555"
    deploy(group(KmsKeyId=key))
    assert found()["kmsKeyId"] == key
    deploy(group())
    assert "retentionInDays" not in found()
    assert "kmsKeyId" not in found()
    remove()
    assert found() is None


def test_an_invalid_retention_is_refused_and_leaves_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(StackFailed):
        deploy({"Group": resource("AWS::Logs::LogGroup", {"LogGroupName": "group", "RetentionInDays": 31})})
    logs = sandbox.client("logs", account=MEMBER)
    assert logs.describe_log_groups()["logGroups"] == []
