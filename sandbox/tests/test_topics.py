"""SNS topics as targets of rules, and queues that subscribe to topics: the policy of each decides who may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.sns.models import Subscription, Topic, sns_backends
from moto.sqs.models import sqs_backends

from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.stacks import policy, trust

ACCOUNT, REGION = "200000000001", "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox"
LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/all"


ROLE = f"arn:aws:iam::{ACCOUNT}:role/publisher"
ANYONE = {"Principal": "*", "Action": "sns:Publish", "Resource": TOPIC}
BY_EVENTBRIDGE = {**ANYONE, "Principal": {"Service": "events.amazonaws.com"}}
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
FOR_THE_RULE = {"ArnEquals": {"aws:SourceArn": RULE}}


def admitting(service: str, action: str, *, source: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def admit(sandbox: Sandbox, *statements: dict[str, Any]) -> None:
    """Give the topic a policy of these statements."""
    document = json.dumps(policy(*statements))
    sandbox.client("sns").set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=document)


@pytest.fixture
def rule(sandbox: Sandbox) -> Sandbox:
    """A rule that sends everything of `my.app` to the topic, and what it cannot deliver to a queue."""
    sandbox.client("sns").create_topic(Name="news")
    sqs, events = sandbox.client("sqs"), sandbox.client("events")
    admitted = admitting("events.amazonaws.com", "sqs:SendMessage", source=RULE)
    sqs.create_queue(QueueName="letters", Attributes={"Policy": admitted})
    events.put_rule(Name="all", EventPattern='{"source": ["my.app"]}')
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"it is <n>"'}
    target = {"Id": "t", "Arn": TOPIC, "DeadLetterConfig": {"Arn": LETTERS}, "InputTransformer": transformer}
    assert events.put_targets(Rule="all", Targets=[target])["FailedEntryCount"] == 0
    return sandbox


def put_event(sandbox: Sandbox) -> None:
    entry = {"Source": "my.app", "DetailType": "x", "Detail": json.dumps({"n": 3})}
    sandbox.client("events").put_events(Entries=[entry])
    sandbox.settle()


def sent() -> list[str]:
    return [one[1] for one in sns_backends[ACCOUNT][REGION].topics[TOPIC].sent_notifications]


def dead_letters() -> list[Any]:
    return sqs_backends[ACCOUNT][REGION].queues["letters"]._messages


def error_codes() -> list[str]:
    return [letter.message_attributes["ERROR_CODE"]["StringValue"] for letter in dead_letters()]


def test_a_topic_that_admits_eventbridge_receives_the_output_of_the_template(rule: Sandbox) -> None:
    admit(rule, {"Effect": "Allow", **BY_EVENTBRIDGE})
    put_event(rule)
    assert (sent(), dead_letters()) == (['"it is 3"'], [])


def test_the_default_policy_of_a_topic_does_not_allow_rules(rule: Sandbox) -> None:
    put_event(rule)
    assert (sent(), error_codes()) == ([], ["NO_PERMISSIONS"])


ADMITTED = {"Effect": "Allow", **BY_EVENTBRIDGE}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([{**ADMITTED, "Condition": FOR_THE_RULE}], id="allows the rule"),
        pytest.param([ADMITTED, {"Effect": "Deny", **ANYONE, "Condition": WITHOUT_TLS}], id="denies others"),
    ],
)
def test_a_condition_in_the_policy_of_a_topic_is_not_evaluated_for_eventbridge(
    statements: list[dict[str, Any]], rule: Sandbox
) -> None:
    """EventBridge does not support conditions there; a statement with one allows nobody, or denies everybody."""
    admit(rule, *statements)
    put_event(rule)
    assert (sent(), error_codes()) == ([], ["NO_PERMISSIONS"])


def test_a_condition_in_the_policy_of_a_topic_is_not_evaluated_for_the_role_of_a_rule(rule: Sandbox) -> None:
    admit(rule, {"Effect": "Deny", **ANYONE, "Condition": WITHOUT_TLS})
    publish_by(rule, Effect="Allow", Action="sns:Publish", Resource=TOPIC)
    put_event(rule)
    assert (sent(), error_codes()) == ([], ["NO_PERMISSIONS"])


def publish_by(sandbox: Sandbox, *, trusting: str = RULE, **statement: Any) -> None:
    """Have the rule publish by a role with one statement."""
    iam, events = sandbox.client("iam"), sandbox.client("events")
    condition = {"ArnEquals": {"aws:SourceArn": trusting}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    trusted = trust({"Service": "events.amazonaws.com"}, Condition=condition)
    iam.create_role(RoleName="publisher", AssumeRolePolicyDocument=json.dumps(trusted))
    iam.put_role_policy(RoleName="publisher", PolicyName="p", PolicyDocument=json.dumps(policy(statement)))
    (target,) = events.list_targets_by_rule(Rule="all")["Targets"]
    events.put_targets(Rule="all", Targets=[target | {"RoleArn": ROLE}])


@pytest.mark.parametrize(
    ("effect", "resource", "trusting", "code"),
    [
        pytest.param("Allow", TOPIC, RULE, None, id="its role may publish"),
        pytest.param("Allow", f"{TOPIC}-2", RULE, "NO_PERMISSIONS", id="its role may publish to another topic"),
        pytest.param("Deny", TOPIC, RULE, "NO_PERMISSIONS", id="its role has no permission"),
        pytest.param("Allow", TOPIC, f"{RULE}-2", "FAILED_TO_ASSUME_ROLE", id="its role trusts only another rule"),
    ],
)
def test_a_rule_publishes_with_the_permissions_of_its_role(
    effect: str, resource: str, trusting: str, code: str | None, rule: Sandbox
) -> None:
    publish_by(rule, trusting=trusting, Effect=effect, Action="sns:Publish", Resource=resource)
    rule.calls.clear()
    put_event(rule)
    assert (sent(), error_codes()) == (([], [code]) if code else (['"it is 3"'], []))
    by_role = [":assumed-role/publisher/" in call.principal.arn for call in rule.calls.of("sns", "Publish")]
    assert by_role == ([] if code == "FAILED_TO_ASSUME_ROLE" else [True])


def test_an_event_for_a_deleted_topic_goes_to_the_dead_letter_queue(rule: Sandbox) -> None:
    rule.client("sns").delete_topic(TopicArn=TOPIC)
    put_event(rule)
    (letter,) = dead_letters()
    assert letter.message_attributes["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


@pytest.mark.parametrize(("source", "count"), [(TOPIC, 1), (f"{TOPIC}-2", 0), (None, 0)])
def test_a_queue_receives_only_what_its_policy_allows(source: str | None, count: int, sandbox: Sandbox) -> None:
    sns, sqs = sandbox.client("sns"), sandbox.client("sqs")
    sns.create_topic(Name="news")
    attributes = {"Policy": admitting("sns.amazonaws.com", "sqs:SendMessage", source=source)} if source else {}
    sqs.create_queue(QueueName="inbox", Attributes=attributes)
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
