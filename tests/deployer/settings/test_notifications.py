from __future__ import annotations

from typing import Any

import pytest

from deployer import settings
from deployer.planning.synthesis import synthesize
from deployer.settings import InvalidConfigurationError, load
from tests.deployer.settings.conftest import ORGANIZATION, Write
from tests.example_organization import EXAMPLE

TOPIC = "arn:aws:sns:eu-west-1:200000000001:news"


def central(write: Write, section: str) -> dict[str, Any]:
    folder = write("organization.yaml", ORGANIZATION + section)
    resources: dict[str, Any] = synthesize(settings.compile(load(folder), EXAMPLE)).central.to_dict()["Resources"]
    return resources


def test_nobody_is_notified_unless_the_config_names_a_topic(write: Write) -> None:
    assert not [name for name in central(write, "") if name.startswith("Notices") and name != "NoticesFailedFilter"]


def test_a_configured_topic_is_notified_of_the_configured_outcomes(write: Write) -> None:
    made = central(write, f"notifications: {{topic: '{TOPIC}', format: slack, outcomes: [refused]}}\n")
    rule = made["NoticesRule"]["Properties"]
    assert rule["Targets"][0]["Arn"] == TOPIC
    assert rule["EventPattern"]["detail"] == {"outcome": ["refused"]}
    assert "client-markdown" in rule["Targets"][0]["InputTransformer"]["InputTemplate"]
    assert "NoticesTopic" not in made


def test_a_topic_is_created_if_configured(write: Write) -> None:
    made = central(write, "notifications: {topic: create}\n")
    assert made["NoticesTopic"]["Properties"]["TopicName"] == "deployer-notices"
    assert made["NoticesRule"]["Properties"]["Targets"][0]["Arn"] == {"Ref": "NoticesTopic"}
    outcomes = ["created", "failed", "refused", "violation"]
    assert made["NoticesRule"]["Properties"]["EventPattern"]["detail"] == {"outcome": outcomes}


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("{format: slack}", "notifications.topic: "),
        ("{topic: news}", "notifications.topic: `create`, or the ARN of an SNS topic"),
        ("{topic: 'arn:aws:sns:eu-west-1:200000000001:news.fifo'}", "that is no FIFO topic"),
        ("{topic: 'arn:aws:sns:us-east-1:200000000001:news'}", "the topic is not in the central account 200000000001"),
        ("{topic: 'arn:aws:sns:eu-west-1:300000000001:news'}", "the topic is not in the central account 200000000001"),
        ("{topic: create, format: email}", "notifications.format: "),
        ("{topic: create, outcomes: [exists]}", "notifications.outcomes"),
        ("{topic: create, outcomes: []}", "list at least one outcome"),
    ],
)
def test_an_invalid_configuration_is_refused_at_its_location(write: Write, section: str, problem: str) -> None:
    folder = write("organization.yaml", f"{ORGANIZATION}notifications: {section}\n")
    with pytest.raises(InvalidConfigurationError) as refused:
        load(folder)
    assert problem in refused.value.message


@pytest.mark.parametrize(("section", "there"), [("", False), ("cleanup: false\n", False), ("cleanup: true\n", True)])
def test_a_role_that_may_delete_exists_only_if_configured(write: Write, section: str, there: bool) -> None:
    folder = write("organization.yaml", ORGANIZATION + section)
    made = synthesize(settings.compile(load(folder), EXAMPLE))
    assert ("CleanerRole" in made.access.to_dict()["Resources"]) is there
    assert ("deployer-cleaner" in made.central.to_json()) is there
