from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from aws_org_sandbox.cloudformation import execution_credentials
from aws_org_sandbox.faults import Drop, Fault
from aws_org_sandbox.resources.clients import acting_as, client
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import HOME, MEMBER

REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("cloudwatch", "describe_alarms", {}),
    ("dynamodb", "list_tables", {}),
    ("ecr", "describe_repositories", {}),
    ("events", "list_rules", {}),
    ("iam", "list_roles", {}),
    ("lambda", "list_functions", {}),
    ("logs", "describe_log_groups", {}),
    ("s3", "list_buckets", {}),
    ("sns", "list_topics", {}),
    ("sqs", "list_queues", {}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), REQUESTS, ids=[item[0] for item in REQUESTS])
def test_every_service_is_reached_as_the_deploying_account(
    sandbox: Sandbox, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with acting_as(sandbox.credentials(MEMBER)):
        getattr(client(service, "eu-central-1"), operation)(**parameters)
    (call,) = sandbox.calls.of(service)
    assert call.account == MEMBER
    assert call.error_code is None
    assert call.region == ("us-east-1" if service == "iam" else "eu-central-1")
    assert call.source_ip == "cloudformation.amazonaws.com"


def test_bodies_and_keys_arrive_unchanged(sandbox: Sandbox) -> None:
    with acting_as(sandbox.credentials(MEMBER)):
        s3 = client("s3", HOME)
        s3.create_bucket(Bucket="bucket-of-member", CreateBucketConfiguration={"LocationConstraint": HOME})
        s3.put_object(Bucket="bucket-of-member", Key="a b/ü+c", Body=b"\x00\xff")
    found = sandbox.client("s3", account=MEMBER).get_object(Bucket="bucket-of-member", Key="a b/ü+c")
    assert found["Body"].read() == b"\x00\xff"


def test_a_dropped_connection_is_raised_as_one(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="sqs", effect=Drop()))
    with acting_as(sandbox.credentials(MEMBER)), pytest.raises(ConnectionClosedError):
        client("sqs", HOME).list_queues()


def test_errors_are_those_of_the_service(sandbox: Sandbox) -> None:
    with acting_as(sandbox.credentials(MEMBER)), pytest.raises(ClientError) as caught:
        client("ecr", HOME).describe_repositories(repositoryNames=["none"])
    assert caught.value.response["Error"]["Code"] == "RepositoryNotFoundException"


def test_a_client_outside_a_stack_operation_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(AssertionError, match="outside `acting_as`"):
        client("sqs", HOME).list_queues()


def test_stack_sets_use_one_role_in_each_account(sandbox: Sandbox) -> None:
    first, again = execution_credentials(MEMBER), execution_credentials(MEMBER)
    assert first == again
    with acting_as(first):
        identity = client("sts", HOME).get_caller_identity()
    assert identity["Account"] == MEMBER
    assert ":assumed-role/stacksets-exec-" in identity["Arn"]
    assert execution_credentials("400000000001") != first
