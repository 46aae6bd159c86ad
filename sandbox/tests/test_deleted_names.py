"""A deleted name cannot be used for a minute: queues by SQS's rule, buckets by S3's error."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox import background
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import MEMBER, deploy, resource, template

LIMIT = 60.0


def create_queue(sandbox: Sandbox, *, account: str = MEMBER, region: str = "eu-west-1") -> str:
    return str(sandbox.client("sqs", account=account, region=region).create_queue(QueueName="letters")["QueueUrl"])


def create_bucket(sandbox: Sandbox, *, account: str = MEMBER) -> None:
    location: Any = {"LocationConstraint": "eu-west-1"}
    sandbox.client("s3", account=account).create_bucket(Bucket="letters", CreateBucketConfiguration=location)


def retry_until_available(call: Callable[[], Any]) -> None:
    """Call until the name is free again."""
    until = time.monotonic() + LIMIT
    while True:
        try:
            call()
        except ClientError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def test_a_queues_name_is_free_a_minute_after_its_deletion_in_its_account_and_region_only(sandbox: Sandbox) -> None:
    background.scheduler.time_scale = 1.0  # a minute: none of these names is available by then
    sqs = sandbox.client("sqs", account=MEMBER)
    sqs.delete_queue(QueueUrl=create_queue(sandbox))
    with pytest.raises(sqs.exceptions.QueueDeletedRecently, match="You must wait 60 seconds after deleting a queue"):
        create_queue(sandbox)
    create_queue(sandbox, region="us-east-1")
    create_queue(sandbox, account="300000000002")

    background.scheduler.time_scale = 0.001
    retry_until_available(lambda: create_queue(sandbox))


def test_a_deleted_bucket_name_is_refused_to_every_account(sandbox: Sandbox) -> None:
    background.scheduler.time_scale = 1.0
    create_bucket(sandbox)
    sandbox.client("s3", account=MEMBER).delete_bucket(Bucket="letters")
    for account in (MEMBER, "300000000002"):
        with pytest.raises(ClientError, match="OperationAborted") as refused:
            create_bucket(sandbox, account=account)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409

    background.scheduler.time_scale = 0.001
    retry_until_available(lambda: create_bucket(sandbox))


def test_a_stack_fails_with_the_message_of_the_service(sandbox: Sandbox) -> None:
    background.scheduler.time_scale = 1.0
    deploy({"Queue": resource("AWS::SQS::Queue", {"QueueName": "letters"})})
    cloudformation = sandbox.client("cloudformation", account=MEMBER)
    background.scheduler.time_scale = 0.0  # of the deletion
    cloudformation.delete_stack(StackName="stack")
    sandbox.settle()
    background.scheduler.time_scale = 1.0
    body = template({"Queue": resource("AWS::SQS::Queue", {"QueueName": "letters"})})
    cloudformation.create_stack(StackName="again", TemplateBody=body)
    background.scheduler.settle(LIMIT)
    events = cloudformation.describe_stack_events(StackName="again")["StackEvents"]
    (failed,) = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert "You must wait 60 seconds after deleting a queue" in failed["ResourceStatusReason"]
