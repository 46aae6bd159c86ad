from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from aws_org_sandbox.cloudformation import StackFailed
from aws_org_sandbox.credentials import Credentials
from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original
from sandbox.tests.stacks import HOME, MEMBER, allow, arn_of, assume, deploy, policy, resource, role, template, trust

REPOSITORIES = f"arn:aws:ecr:*:{MEMBER}:repository/*"
TAG = "deployer:event-id"
LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Keep few images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
                "action": {"type": "expire"},
            }
        ]
    }
)


@contextmanager
def denied(action: str, *, code: str = "AccessDeniedException", because: str = "") -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert f"is not authorized to perform: {action}" in error["Message"]
    assert because in error["Message"]


def as_role(sandbox: Sandbox, *statements: Any, service: str, **properties: Any) -> Any:
    """A client of a service as a new role of the member with these permissions."""
    deploy({"Role": role("subject", *statements, **properties)}, name="subject")
    return sandbox.client_with(assume(sandbox, arn_of("subject")), service)


def attach_scp(sandbox: Sandbox, target: str, *statements: Any) -> None:
    organizations = sandbox.client("organizations", account=sandbox.organization.management_account_id)
    made = organizations.create_policy(
        Name="test", Description="test", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(policy(*statements))
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def test_a_role_without_permission_is_denied_with_the_message_of_aws(sandbox: Sandbox) -> None:
    ecr = as_role(sandbox, service="ecr")
    with pytest.raises(ClientError) as caught:
        ecr.create_repository(repositoryName="team-a/api")
    assert caught.value.response["Error"]["Message"] == (
        f"User: arn:aws:sts::{MEMBER}:assumed-role/subject/test is not authorized to perform: ecr:CreateRepository "
        f"on resource: arn:aws:ecr:{HOME}:{MEMBER}:repository/team-a/api because no identity-based policy allows "
        "the ecr:CreateRepository action"
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_creating_a_repository_with_tags_needs_permission_to_tag(sandbox: Sandbox) -> None:
    ecr = as_role(sandbox, allow("ecr:CreateRepository", REPOSITORIES), service="ecr")
    ecr.create_repository(repositoryName="team-a/plain")
    with denied("ecr:TagResource"):
        ecr.create_repository(repositoryName="team-a/api", tags=[{"Key": TAG, "Value": "1"}])


def test_creation_can_be_conditional_on_request_tags(sandbox: Sandbox) -> None:
    tagged = {"Null": {f"aws:RequestTag/{TAG}": "false"}}
    ecr = as_role(
        sandbox, allow(["ecr:CreateRepository", "ecr:TagResource"], REPOSITORIES, Condition=tagged), service="ecr"
    )
    with denied("ecr:CreateRepository"):
        ecr.create_repository(repositoryName="team-a/api", tags=[{"Key": "team", "Value": "a"}])
    ecr.create_repository(repositoryName="team-a/api", tags=[{"Key": TAG, "Value": "1"}])


def test_resource_tags_distinguish_own_repositories_from_others(sandbox: Sandbox) -> None:
    owned = {"Null": {f"aws:ResourceTag/{TAG}": "false"}}
    ecr = as_role(sandbox, allow("ecr:PutLifecyclePolicy", REPOSITORIES, Condition=owned), service="ecr")
    administrator = sandbox.client("ecr", account=MEMBER)
    administrator.create_repository(repositoryName="theirs")
    administrator.create_repository(repositoryName="ours", tags=[{"Key": TAG, "Value": "1"}])
    ecr.put_lifecycle_policy(repositoryName="ours", lifecyclePolicyText=LIFECYCLE)
    with denied("ecr:PutLifecyclePolicy"):
        ecr.put_lifecycle_policy(repositoryName="theirs", lifecyclePolicyText=LIFECYCLE)


def test_a_customer_key_needs_grants_through_ecr(sandbox: Sandbox) -> None:
    key = sandbox.client("kms", account=MEMBER).create_key()["KeyMetadata"]["Arn"]
    via = {"StringLike": {"kms:ViaService": "ecr.*.amazonaws.com"}}
    encryption = {"encryptionType": "KMS", "kmsKey": key}
    create = allow("ecr:CreateRepository", REPOSITORIES)
    ecr = as_role(sandbox, create, allow("kms:DescribeKey", key, Condition=via), service="ecr")
    with denied("kms:CreateGrant"):
        ecr.create_repository(repositoryName="encrypted", encryptionConfiguration=encryption)
    ecr = as_role(sandbox, create, allow(["kms:DescribeKey", "kms:CreateGrant"], key, Condition=via), service="ecr")
    ecr.create_repository(repositoryName="encrypted", encryptionConfiguration=encryption)


GRANTED_TO_ECR = {
    "StringLike": {"kms:ViaService": "ecr.*.amazonaws.com"},
    "Bool": {"kms:GrantIsForAWSResource": "true"},
}


@pytest.mark.parametrize("deleting", [False, True], ids=["may not retire its grants", "may retire its grants"])
def test_deleting_a_repository_retires_the_grants_of_its_customer_key(sandbox: Sandbox, deleting: bool) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html"""
    key = sandbox.client("kms", account=MEMBER).create_key()["KeyMetadata"]["Arn"]
    via = {"StringLike": {"kms:ViaService": "ecr.*.amazonaws.com"}}
    statements = [
        allow(["ecr:CreateRepository", "ecr:DeleteRepository"], REPOSITORIES),
        allow("kms:DescribeKey", key, Condition=via),
        allow("kms:CreateGrant", key, Condition=GRANTED_TO_ECR),
        *([allow("kms:RetireGrant", key, Condition=via)] if deleting else []),
    ]
    ecr = as_role(sandbox, *statements, service="ecr")
    ecr.create_repository(repositoryName="ours", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key})
    ecr.create_repository(repositoryName="managed", encryptionConfiguration={"encryptionType": "KMS"})
    ecr.delete_repository(repositoryName="managed")
    if deleting:
        ecr.delete_repository(repositoryName="ours")
        return
    with denied("kms:RetireGrant"):
        ecr.delete_repository(repositoryName="ours")


@pytest.mark.parametrize("kind", ["alias/none", "key/11111111-2222-3333-4444-555555555555"])
def test_a_missing_key_is_an_error_of_kms_and_not_a_denial(sandbox: Sandbox, kind: str) -> None:
    ecr = as_role(sandbox, allow("ecr:CreateRepository", REPOSITORIES), service="ecr")
    encryption = {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:{HOME}:{MEMBER}:{kind}"}
    with pytest.raises(ClientError) as caught:
        ecr.create_repository(repositoryName="encrypted", encryptionConfiguration=encryption)
    assert caught.value.response["Error"]["Code"] == "KmsException"


def test_a_key_that_is_named_by_its_alias_is_evaluated_as_the_key(sandbox: Sandbox) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html"""
    admin = sandbox.client("kms", account=MEMBER)
    key = admin.create_key()["KeyMetadata"]["Arn"]
    admin.create_alias(AliasName="alias/ours", TargetKeyId=key)
    alias = key.replace(f"key/{key.rpartition('/')[2]}", "alias/ours")
    may = as_role(sandbox, allow("kms:DescribeKey", key), service="kms")
    assert may.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == key
    with denied("kms:DescribeKey"):
        as_role(sandbox, allow("kms:DescribeKey", alias), service="kms").describe_key(KeyId=alias)


def test_leading_keys_restrict_updates_of_a_table(sandbox: Sandbox) -> None:
    dynamodb = sandbox.client("dynamodb", account=MEMBER)
    dynamodb.create_table(
        TableName="ledger",
        AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = f"arn:aws:dynamodb:{HOME}:{MEMBER}:table/ledger"
    counters = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["limit#*"]}}
    client = as_role(sandbox, allow("dynamodb:UpdateItem", table, Condition=counters), service="dynamodb")
    update = {"TableName": "ledger", "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    client.update_item(Key={"account": {"S": "limit#1"}}, **update)
    with denied("dynamodb:UpdateItem"):
        client.update_item(Key={"account": {"S": MEMBER}}, **update)
    with denied("dynamodb:PutItem"):
        client.put_item(TableName="ledger", Item={"account": {"S": "limit#1"}})


def test_a_permissions_boundary_limits_a_role(sandbox: Sandbox) -> None:
    boundary = sandbox.client("iam", account=MEMBER).create_policy(
        PolicyName="boundary", PolicyDocument=json.dumps(policy(allow("s3:*")))
    )["Policy"]["Arn"]
    ecr = as_role(sandbox, allow("ecr:*"), service="ecr", PermissionsBoundary=boundary)
    with denied("ecr:CreateRepository", because="no permissions boundary allows"):
        ecr.create_repository(repositoryName="team-a/api")


def test_managed_policies_grant_permissions(sandbox: Sandbox) -> None:
    managed = sandbox.client("iam", account=MEMBER).create_policy(
        PolicyName="creating", PolicyDocument=json.dumps(policy(allow("ecr:CreateRepository")))
    )["Policy"]["Arn"]
    ecr = as_role(sandbox, service="ecr", ManagedPolicyArns=[managed])
    ecr.create_repository(repositoryName="team-a/api")


def test_a_call_that_the_sandbox_does_not_know_is_denied_to_a_role(sandbox: Sandbox) -> None:
    narrow = as_role(sandbox, allow("ecr:*", REPOSITORIES), service="ecr")
    with denied("ecr:BatchGetRepositoryScanningConfiguration", because="cannot determine the resource"):
        narrow.batch_get_repository_scanning_configuration(repositoryNames=["team-a/api"])


def test_sessions_of_a_deleted_role_have_no_permissions(sandbox: Sandbox) -> None:
    ecr = as_role(sandbox, allow("ecr:*"), service="ecr")
    ecr.describe_repositories()
    iam = sandbox.client("iam", account=MEMBER)
    iam.delete_role_policy(RoleName="subject", PolicyName="inline")
    iam.delete_role(RoleName="subject")
    with denied("ecr:DescribeRepositories"):
        ecr.describe_repositories()


@pytest.mark.parametrize("target", [MEMBER, "ou-exam-prod0001", "ou-exam-work0001"])
def test_an_scp_on_the_account_or_above_applies_to_its_administrator(sandbox: Sandbox, target: str) -> None:
    attach_scp(sandbox, target, {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"})
    with denied("ecr:CreateRepository", because="with an explicit deny in a service control policy"):
        sandbox.client("ecr", account=MEMBER).create_repository(repositoryName="team-a/api")
    sandbox.client("ecr", account="500000000001").create_repository(repositoryName="team-a/api")


def test_an_scp_denies_a_region(sandbox: Sandbox) -> None:
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": [HOME]}}
    attach_scp(sandbox, MEMBER, {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": elsewhere})
    sandbox.client("sqs", account=MEMBER).create_queue(QueueName="here")
    with denied("sqs:CreateQueue", code="AccessDenied"):
        sandbox.client("sqs", account=MEMBER, region="us-east-1").create_queue(QueueName="there")


def test_an_scp_applies_to_stack_sets_and_its_denial_is_the_reason_of_failed_stacks(sandbox: Sandbox) -> None:
    attach_scp(sandbox, MEMBER, {"Effect": "Deny", "Action": "sqs:CreateQueue", "Resource": "*"})
    with pytest.raises(StackFailed, match="explicit deny in a service control policy") as caught:
        deploy({"Queue": resource("AWS::SQS::Queue", {"QueueName": "queue"})})
    assert "HandlerErrorCode: AccessDenied" in caught.value.reason


def test_scps_do_not_apply_to_the_management_account(sandbox: Sandbox) -> None:
    management = sandbox.organization.management_account_id
    attach_scp(sandbox, "r-exam", {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"})
    sandbox.client("ecr", account=management).create_repository(repositoryName="team-a/api")
    with denied("ecr:CreateRepository"):
        sandbox.client("ecr", account=MEMBER).create_repository(repositoryName="team-a/api")


def test_get_caller_identity_cannot_be_denied(sandbox: Sandbox) -> None:
    attach_scp(sandbox, MEMBER, {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert sandbox.client("sts", account=MEMBER).get_caller_identity()["Account"] == MEMBER


def test_putting_events_across_accounts_needs_both_policies(sandbox: Sandbox) -> None:
    central = sandbox.central_account
    events = sandbox.client("events", account=central)
    bus = events.create_event_bus(Name="central")["EventBusArn"]
    put = {
        "Entries": [{"EventBusName": bus, "Source": "mine", "DetailType": "test", "Detail": "{}"}],
    }
    client = as_role(sandbox, allow("events:PutEvents", bus), service="events")
    with denied("events:PutEvents", because="no resource-based policy"):
        client.put_events(**put)
    statement = {
        "Sid": "Organization",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": bus,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1", "events:source": "mine"}},
    }
    events.put_permission(EventBusName="central", Policy=json.dumps(policy(statement)))
    assert client.put_events(**put)["FailedEntryCount"] == 0
    with denied("events:PutEvents", because="no resource-based policy"):
        client.put_events(Entries=[{**put["Entries"][0], "Source": "other"}])


def test_a_bucket_policy_that_requires_tls_allows_callers_in_the_sandbox(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", account=MEMBER)
    s3.create_bucket(Bucket="bucket-of-a-member", CreateBucketConfiguration={"LocationConstraint": HOME})
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::bucket-of-a-member", "arn:aws:s3:::bucket-of-a-member/*"],
    }
    plain = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket="bucket-of-a-member", Policy=json.dumps(policy(plain)))
    s3.put_object(Bucket="bucket-of-a-member", Key="key", Body=b"")
    s3.put_bucket_policy(Bucket="bucket-of-a-member", Policy=json.dumps(policy({**deny, "Action": "s3:PutObject"})))
    with denied("s3:PutObject", code="AccessDenied", because="explicit deny in a resource-based policy"):
        s3.put_object(Bucket="bucket-of-a-member", Key="key", Body=b"")


def test_access_to_a_bucket_of_another_account_needs_both_policies(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="bucket-of-central", CreateBucketConfiguration={"LocationConstraint": HOME})
    s3.put_object(Bucket="bucket-of-central", Key="key", Body=b"zip")
    objects = "arn:aws:s3:::bucket-of-central/*"
    reader = as_role(sandbox, allow("s3:GetObject", objects), service="s3")
    with denied("s3:GetObject", code="AccessDenied"):
        reader.get_object(Bucket="bucket-of-central", Key="key")
    grant = {"Effect": "Allow", "Principal": {"AWS": arn_of("subject")}, "Action": "s3:GetObject", "Resource": objects}
    s3.put_bucket_policy(Bucket="bucket-of-central", Policy=json.dumps(policy(grant)))
    assert reader.get_object(Bucket="bucket-of-central", Key="key")["Body"].read() == b"zip"


def test_canary_moto_ignores_the_conditions_of_bucket_policies(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", account=MEMBER)
    s3.create_bucket(Bucket="bucket-of-a-member", CreateBucketConfiguration={"LocationConstraint": HOME})
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"a": "b"}},
    }
    s3.put_bucket_policy(Bucket="bucket-of-a-member", Policy=json.dumps(policy(statement)))
    bucket = s3_backends[MEMBER]["aws"].buckets["bucket-of-a-member"]
    moto_s_own: Callable[..., Any] = original(FakeBucket, "get_permission")
    assert moto_s_own(bucket, "s3:PutObject", "arn:aws:s3:::bucket-of-a-member/key") is PermissionResult.DENIED


def test_an_iam_user_has_the_permissions_of_its_policies_and_groups(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", account=MEMBER)
    iam.create_user(UserName="alice")
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    credentials = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    ecr = sandbox.client_with(credentials, "ecr")
    with denied("ecr:DescribeRepositories"):
        ecr.describe_repositories()
    iam.create_group(GroupName="readers")
    iam.put_group_policy(
        GroupName="readers", PolicyName="read", PolicyDocument=json.dumps(policy(allow("ecr:Describe*")))
    )
    iam.add_user_to_group(GroupName="readers", UserName="alice")
    ecr.describe_repositories()
    with denied("ecr:CreateRepository"):
        ecr.create_repository(repositoryName="team-a/api")


def test_a_role_that_trusts_only_a_service_cannot_be_assumed(sandbox: Sandbox) -> None:
    deploy({"Role": role("service-only", allow("*"), trusts=trust({"Service": "lambda.amazonaws.com"}))})
    with denied("sts:AssumeRole", code="AccessDenied"):
        assume(sandbox, arn_of("service-only"))


def test_permissions_for_a_stack_apply_to_its_change_sets(sandbox: Sandbox) -> None:
    stacks = f"arn:aws:cloudformation:{HOME}:{MEMBER}:stack/mine/*"
    client = as_role(
        sandbox,
        allow(["cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet"], stacks),
        service="cloudformation",
    )
    body = json.dumps({"Resources": {"Queue": resource("AWS::SQS::Queue")}})
    request = {"ChangeSetName": "changes", "ChangeSetType": "CREATE", "TemplateBody": body}
    with denied("cloudformation:CreateChangeSet", code="AccessDenied"):
        client.create_change_set(StackName="other", **request)
    made = client.create_change_set(StackName="mine", **request)["Id"]
    sandbox.settle()
    assert client.describe_change_set(ChangeSetName=made)["Status"] == "CREATE_COMPLETE"
    with denied("cloudformation:ExecuteChangeSet", code="AccessDenied"):
        client.execute_change_set(ChangeSetName=made)
    with denied("cloudformation:ListStacks", code="AccessDenied"):
        client.list_stacks()


@pytest.mark.parametrize(
    ("condition", "passed"),
    [
        pytest.param({"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}, True, id="PassedToService"),
        pytest.param(
            {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}, False, id="CalledVia"
        ),
    ],
)
def test_passing_a_role_to_cloudformation_has_no_called_via_key(sandbox: Sandbox, condition: Any, passed: bool) -> None:
    """No document says that this check carries `aws:CalledVia`, though CloudFormation's other calls do."""
    statements = [
        allow(["cloudformation:*", "events:*"]),
        allow("iam:PassRole", arn_of("publisher"), Condition=condition),
    ]
    deploy(
        {
            "Role": role("deploys", *statements),
            "Publisher": role("publisher", trusts=trust({"Service": "events.amazonaws.com"})),
        }
    )
    target = {"Id": "t", "Arn": f"arn:aws:sns:{HOME}:{MEMBER}:news", "RoleArn": arn_of("publisher")}
    rule = {"EventPattern": {"source": ["my.app"]}, "Targets": [target]}
    cloudformation = sandbox.client_with(assume(sandbox, arn_of("deploys")), "cloudformation")
    cloudformation.create_stack(StackName="rules", TemplateBody=template({"Rule": resource("AWS::Events::Rule", rule)}))
    sandbox.settle()
    (stack,) = cloudformation.describe_stacks(StackName="rules")["Stacks"]
    events = cloudformation.describe_stack_events(StackName="rules")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert (stack["StackStatus"] == "CREATE_COMPLETE") is passed, reasons
    assert any("iam:PassRole" in reason for reason in reasons) is not passed
