"""The topic that alarms notify: from organization.yaml into the central template, or refused with its position."""

from __future__ import annotations

import pytest

from deployer import settings
from deployer.planning.synthesis import synthesize
from deployer.settings import InvalidConfigurationError, load
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE

TOPIC = "arn:aws:sns:eu-west-1:200000000001:on-call"


def notified(write: Write, text: str) -> set[tuple[str, ...]]:
    """The topics that the alarms of the central template notify."""
    compiled = settings.compile(load(write("organization.yaml", ORGANIZATION + text)), EXAMPLE)
    resources = synthesize(compiled).central.to_dict()["Resources"].values()
    alarms = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert alarms
    assert all(alarm.get("AlarmActions") == alarm.get("OKActions") for alarm in alarms)
    return {tuple(alarm.get("AlarmActions", ())) for alarm in alarms}


def test_every_alarm_notifies_the_topic(write: Write) -> None:
    assert notified(write, f"alarms: {{topic: {TOPIC}}}\n") == {(TOPIC,)}


@pytest.mark.parametrize("section", ["", "alarms: {}\n", "alarms: {topic: null}\n", "alarms: null\n"])
def test_without_a_topic_alarms_notify_nobody(write: Write, section: str) -> None:
    assert notified(write, section) == {()}


@pytest.mark.parametrize(
    ("topic", "problem"),
    [
        ("on-call", "alarms.topic: not the ARN of an SNS topic"),
        (f"{TOPIC}.fifo", "alarms.topic: not the ARN of an SNS topic"),
        (
            TOPIC.replace("eu-west-1", "us-east-1"),
            "alarms.topic: the topic is in us-east-1: alarms notify only topics in the home region eu-west-1",
        ),
    ],
)
def test_a_topic_that_cannot_be_notified_is_refused_at_its_location(write: Write, topic: str, problem: str) -> None:
    folder = write("organization.yaml", f"{ORGANIZATION}alarms: {{topic: {topic}}}\n")
    with pytest.raises(InvalidConfigurationError) as refused:
        load(folder)
    assert "organization.yaml:2:17: " + problem in refused.value.message
