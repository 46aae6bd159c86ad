"""SNS topics as targets of rules, and queues that subscribe to topics: each admits whom its own policy names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.sns.models import Subscription, Topic, sns_backends
from moto.sqs.models import sqs_backends

from deployer.sandbox.sandbox import Sandbox

ACCOUNT, REGION = "200000000001", "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox"
LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/all"


def admitting(service: str, action: str, *, source: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def rule(sandbox: Sandbox) -> Sandbox:
    """A rule that sends everything of `my.app` to the topic, and what it cannot deliver to a queue."""
    sandbox.client("sns").create_topic(Name="news")
    sqs, events = sandbox.client("sqs"), sandbox.client("events")
    policy = admitting("events.amazonaws.com", "sqs:SendMessage", source=RULE)
    sqs.create_queue(QueueName="letters", Attributes={"Policy": policy})
    events.put_rule(Name="all", EventPattern='{"source": ["my.app"]}')
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"it is <n>"'}
    target = {"Id": "t", "Arn": TOPIC, "DeadLetterConfig": {"Arn": LETTERS}, "InputTransformer": transformer}
    assert events.put_targets(Rule="all", Targets=[target])["FailedEntryCount"] == 0
    return sandbox


def happen(sandbox: Sandbox) -> None:
    entry = {"Source": "my.app", "DetailType": "x", "Detail": json.dumps({"n": 3})}
    sandbox.client("events").put_events(Entries=[entry])
    sandbox.settle()


def sent() -> list[str]:
    return [one[1] for one in sns_backends[ACCOUNT][REGION].topics[TOPIC].sent_notifications]


def letters() -> list[Any]:
    return sqs_backends[ACCOUNT][REGION].queues["letters"]._messages


def test_a_topic_that_admits_the_rule_gets_what_the_template_makes(rule: Sandbox) -> None:
    policy = admitting("events.amazonaws.com", "sns:Publish", source=RULE)
    rule.client("sns").set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    happen(rule)
    assert (sent(), letters()) == (['"it is 3"'], [])


@pytest.mark.parametrize("source", [None, f"{RULE}-2"], ids=["the policy of every new topic", "another rule"])
def test_a_topic_that_does_not_admit_the_rule_gets_nothing(source: str | None, rule: Sandbox) -> None:
    if source:
        policy = admitting("events.amazonaws.com", "sns:Publish", source=source)
        rule.client("sns").set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    happen(rule)
    (letter,) = letters()
    assert sent() == []
    assert letter.message_attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_a_topic_that_is_gone_gets_nothing(rule: Sandbox) -> None:
    rule.client("sns").delete_topic(TopicArn=TOPIC)
    happen(rule)
    (letter,) = letters()
    assert letter.message_attributes["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


@pytest.mark.parametrize(("source", "count"), [(TOPIC, 1), (f"{TOPIC}-2", 0), (None, 0)])
def test_a_queue_gets_what_its_own_policy_admits(source: str | None, count: int, sandbox: Sandbox) -> None:
    sns, sqs = sandbox.client("sns"), sandbox.client("sqs")
    sns.create_topic(Name="news")
    policy = {"Policy": admitting("sns.amazonaws.com", "sqs:SendMessage", source=source)} if source else {}
    sqs.create_queue(QueueName="inbox", Attributes=policy)
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    sns.publish(TopicArn=TOPIC, Message="hello")
    messages = sqs_backends[ACCOUNT][REGION].queues["inbox"]._messages
    assert [json.loads(message.body)["Message"] for message in messages] == ["hello"] * count


def test_moto_still_has_what_the_seam_relies_on(sandbox: Sandbox) -> None:
    sandbox.client("sns").create_topic(Name="news")
    topic = sns_backends[ACCOUNT][REGION].topics[TOPIC]
    assert isinstance(topic, Topic)
    assert json.loads(topic.policy)["Statement"]
    assert (topic.account_id, topic.sent_notifications) == (ACCOUNT, [])
    assert {"publish"} <= set(vars(Subscription))
