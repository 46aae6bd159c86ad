"""The zip as Lambda runs it, with the roles that the templates give it: what is in the account afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handler.tags import EVENT_ID_TAG
from tests.handler.events import load
from tests.handler.installation import ACCOUNT, CONFIG, Installed, install_once, names_of, push

pytestmark = pytest.mark.begins_with(prepare=install_once)


def test_a_push_gets_its_repository_with_settings_tags_and_record(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"))

    found = installed.repository("team-a/api")
    assert found is not None
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    filters = found["imageTagMutabilityExclusionFilters"]
    assert filters == [{"filterType": "WILDCARD", "filter": tag} for tag in ("latest", "sha256-*")]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert found["tags"][EVENT_ID_TAG] == "event-1"
    assert found["tags"]["env"] == "prod"
    assert found["tags"]["pushed-by"] == "arn:aws:sts::300000000001:assumed-role/ci-build/build-4711"
    assert found["lifecycle"] == json.loads((CONFIG / "policies" / "expire-untagged.json").read_text())
    assert found["policy"] == json.loads((CONFIG / "policies" / "pull-within-organization.json").read_text())

    (record,) = installed.records()
    assert (record.outcome, record.reason, record.account) == ("created", "created", ACCOUNT)
    assert record.repository_arn == found["repositoryArn"]
    assert record.created_at is not None
    assert (record.ou_path, record.ou_source, record.account_name) == ("Workloads/Prod", "asked", "shop-prod")
    assert record.settings_digest == installed.synthesis.bundle.settings_digest
    assert not installed.failures()


def test_invariant_6_look_ups_come_first_when_cold_and_are_cached_when_warm(installed: Installed) -> None:
    installed.send(push("team-a/one", event_id="event-1"))
    called = names_of(installed.calls())
    assert {*called[:3]} == {"organizations:DescribeAccount", "sts:AssumeRole", "dynamodb:UpdateItem"}
    assert called.index("organizations:DescribeAccount") < called.index("dynamodb:UpdateItem")
    assert called[3] == "ecr:CreateRepository"

    installed.sandbox.calls.clear()
    installed.send(push("team-a/two", event_id="event-2"))
    assert names_of(installed.calls())[:2] == ["dynamodb:UpdateItem", "ecr:CreateRepository"]


def test_a_refusal_is_recorded_and_nothing_is_created(installed: Installed) -> None:
    installed.send(push("team-a/tmp-1", event_id="event-1"))
    (record,) = installed.records()
    assert (record.outcome, record.reason, record.rule) == ("refused", "name-denied", "create.names.deny: **/tmp-*")
    assert installed.repository("team-a/tmp-1") is None


def test_callers_of_other_accounts_are_looked_up_and_those_outside_the_organization_refused(
    installed: Installed,
) -> None:
    def called_from(account: str, event_id: str) -> Any:
        identity = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:build", "accountId": account}
        event = push(f"team-a/{event_id}", event_id=event_id)
        event["detail"]["userIdentity"] = identity
        return event

    installed.send(called_from("999999999999", "outside"), called_from("400000000001", "inside"))

    outcomes = {record.event_id: (record.outcome, record.reason) for record in installed.records()}
    assert outcomes == {
        "outside": ("refused", "principal-outside-organization"),
        "inside": ("created", "created"),
    }
    assert installed.repository("team-a/outside") is None
    assert not installed.failures()


def test_a_malformed_event_ends_in_the_failures_queue(installed: Installed) -> None:
    event = load(changes={"detail.requestParameters": []})
    installed.send(event)
    (message,) = installed.failures()
    assert message["requestPayload"] == event
    assert message["responsePayload"]["errorType"] == "malformed-event"
    assert [record.reason for record in installed.records()] == ["malformed-event"]


def test_the_log_has_one_line_for_each_event_and_none_from_libraries(installed: Installed) -> None:
    installed.send(push("team-a/api", event_id="event-1"))
    installed.send(push("team-a/tmp-1", event_id="event-2"))

    events = installed.sandbox.client("logs").filter_log_events(logGroupName=installed.synthesis.names.log_group)
    lines = [json.loads(event["message"]) for event in events["events"]]
    own = [line for line in lines if not str(line.get("type", "")).startswith("platform.")]
    started = [line for line in own if line.get("message") == "started"]
    own = [line for line in own if line not in started]
    assert [set(line) & {"botocore", "level"} for line in started] == [{"botocore", "level"}]
    assert [(line["event_id"], line["outcome"], line["reason"]) for line in own] == [
        ("event-1", "created", "created"),
        ("event-2", "refused", "name-denied"),
    ]
    for line in own:
        assert {"request_id", "event_id", "account", "repository", "outcome", "reason", "milliseconds"} <= line.keys()
        assert {"organization", "record", "total"} <= line["milliseconds"].keys()
    assert "create" in own[0]["milliseconds"]
    assert own[0]["milliseconds_to_repository"] >= 0
