"""Queues of other accounts can be used as far as their policies allow, but never managed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import Message, sqs_backends
from moto.sqs.responses import SQSResponse

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.tiny_functions import create_queue, policy, statement

OWNER, CALLER = "300000000001", "200000000001"


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    """A queue of the owner's with one message; the caller has a queue of the same name."""
    create_queue(sandbox, "letters", account=CALLER)
    url = create_queue(sandbox, "letters", account=OWNER)
    sandbox.client("sqs", account=OWNER).send_message(QueueUrl=url, MessageBody="hello")
    return url


def admit(sandbox: Sandbox, url: str, *actions: str) -> None:
    document = policy(statement(list(actions), Principal={"AWS": f"arn:aws:iam::{CALLER}:root"}))
    sandbox.client("sqs", account=OWNER).set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


def received(sandbox: Sandbox, url: str) -> list[Any]:
    answer = sandbox.client("sqs", account=CALLER).receive_message(QueueUrl=url)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_without_a_policy_not_even_an_administrator_of_another_account_has_access(sandbox: Sandbox, url: str) -> None:
    with pytest.raises(ClientError, match="sqs:ReceiveMessage"):
        received(sandbox, url)


def test_calls_that_the_policy_allows_reach_the_owners_queue(sandbox: Sandbox, url: str) -> None:
    admit(sandbox, url, "sqs:ReceiveMessage", "sqs:GetQueueUrl")
    sqs = sandbox.client("sqs", account=CALLER)
    assert sqs.get_queue_url(QueueName="letters", QueueOwnerAWSAccountId=OWNER)["QueueUrl"] == url
    assert received(sandbox, url) == ["hello"]
    with pytest.raises(ClientError, match="sqs:SendMessage"):
        sqs.send_message(QueueUrl=url, MessageBody="no")


def test_no_policy_allows_another_account_to_manage_a_queue(sandbox: Sandbox, url: str) -> None:
    admit(sandbox, url, "sqs:*")
    sqs = sandbox.client("sqs", account=CALLER)
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})


def test_visibility_of_a_message_that_is_not_in_flight_cannot_be_extended(sandbox: Sandbox, url: str) -> None:
    sqs = sandbox.client("sqs", account=OWNER)
    receipt = sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)["Messages"][0]["ReceiptHandle"]
    entry = {"Id": "1", "ReceiptHandle": receipt}
    assert sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry | {"VisibilityTimeout": 0}])["Successful"]
    time.sleep(0.01)
    (failed,) = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry | {"VisibilityTimeout": 9}])["Failed"]
    assert failed["Id"] == "1"
    with pytest.raises(ClientError, match="MessageNotInflight"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=9)
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_canary_moto_hides_a_message_that_is_not_in_flight() -> None:
    """Why the seam checks it before moto."""
    message = Message("id", "body")
    message.mark_sent(0)
    message.mark_received(0)
    message.change_visibility(60)
    assert not message.visible


def test_canary_moto_treats_every_queue_as_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why the seam determines the owner of a queue: moto reads only the name from a URL."""
    response = SQSResponse()
    monkeypatch.setattr(response, "_get_param", lambda name: f"http://localhost/{OWNER}/letters")
    response.current_account, response.region = CALLER, "eu-west-1"
    assert response._get_queue_name() == "letters"
    assert response.sqs_backend is sqs_backends[CALLER]["eu-west-1"]
