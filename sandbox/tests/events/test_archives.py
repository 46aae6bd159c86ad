"""Archives store matching events, and a replay delivers them to the rules that it names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.events.models import Archive, Replay

from aws_org_sandbox.events import buses
from aws_org_sandbox.sandbox import Sandbox
from sandbox.tests.tiny_functions import create_queue, messages, queue_arn

ACCOUNT = "200000000001"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/central"
ARCHIVE = f"arn:aws:events:eu-west-1:{ACCOUNT}:archive/all"


@pytest.fixture
def rules(sandbox: Sandbox) -> dict[str, str]:
    """A bus with an archive of aws.ecr and two rules, each with a queue of its name; ARNs of the rules by name."""
    events = sandbox.client("events")
    events.create_event_bus(Name="central")
    pattern = json.dumps({"source": [{"prefix": "aws."}]})
    events.create_archive(ArchiveName="all", EventSourceArn=BUS, EventPattern='{"source": ["aws.ecr"]}')
    arns = {}
    for name in ("one", "two"):
        create_queue(sandbox, name, admits="events.amazonaws.com")
        arns[name] = events.put_rule(Name=name, EventBusName="central", EventPattern=pattern)["RuleArn"]
        target = {"Id": "1", "Arn": queue_arn(name, account=ACCOUNT)}
        events.put_targets(Rule=name, EventBusName="central", Targets=[target])
    return arns


def deliver_events(sandbox: Sandbox, *hours: int, source: str = "aws.ecr") -> None:
    """Events of these hours of a day."""
    for hour in hours:
        event = {"source": source, "detail-type": "d", "time": f"2026-01-02T{hour:02}:00:00Z", "detail": {"hour": hour}}
        buses.deliver(event, account=ACCOUNT, region="eu-west-1", bus="central")
    sandbox.settle()


def received(sandbox: Sandbox, name: str) -> list[dict[str, Any]]:
    """What arrived in a queue since the last call: received messages stay invisible for half a minute."""
    url = sandbox.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return [message["body"] for message in messages(sandbox, url)]


def replay(sandbox: Sandbox, first: int, last: int, *rules: str) -> str:
    """Replay the events of some hours; returns the state that it ends in."""
    events = sandbox.client("events")
    started = events.start_replay(
        ReplayName="again",
        EventSourceArn=ARCHIVE,
        EventStartTime=datetime(2026, 1, 2, first, tzinfo=UTC),
        EventEndTime=datetime(2026, 1, 2, last, tzinfo=UTC),
        Destination={"Arn": BUS} | ({"FilterArns": list(rules)} if rules else {}),
    )
    assert started["State"] == "STARTING"
    sandbox.settle()
    state: str = events.describe_replay(ReplayName="again")["State"]
    return state


def test_an_archive_stores_events_that_match_its_pattern(sandbox: Sandbox, rules: dict[str, str]) -> None:
    deliver_events(sandbox, 1, 2)
    deliver_events(sandbox, 3, source="aws.s3")
    assert sandbox.client("events").describe_archive(ArchiveName="all")["EventCount"] == 2


def test_a_new_pattern_of_an_archive_applies_to_later_events(sandbox: Sandbox, rules: dict[str, str]) -> None:
    deliver_events(sandbox, 1)
    events = sandbox.client("events")
    events.update_archive(ArchiveName="all", EventPattern='{"source": ["aws.s3"]}')
    deliver_events(sandbox, 2)
    deliver_events(sandbox, 3, source="aws.s3")
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 2


def test_a_replay_repeats_the_events_of_its_period(sandbox: Sandbox, rules: dict[str, str]) -> None:
    deliver_events(sandbox, 1, 2, 3, 4)
    before = {event["id"]: event for event in received(sandbox, "one")}
    received(sandbox, "two")
    assert replay(sandbox, 2, 4) == "COMPLETED"
    again = received(sandbox, "one")
    assert sorted(event["detail"]["hour"] for event in again) == [2, 3]
    assert all(event.pop("replay-name") == "again" for event in again)
    assert all(before[event["id"]] == event for event in again)
    assert len(received(sandbox, "two")) == 2
    described = sandbox.client("events").describe_replay(ReplayName="again")
    assert described["EventLastReplayedTime"] == datetime(2026, 1, 2, 3, tzinfo=UTC)


def test_a_replay_goes_only_to_the_rules_that_it_names(sandbox: Sandbox, rules: dict[str, str]) -> None:
    deliver_events(sandbox, 1)
    received(sandbox, "one")
    received(sandbox, "two")
    replay(sandbox, 0, 2, rules["two"])
    assert received(sandbox, "one") == []
    assert len(received(sandbox, "two")) == 1


def test_a_replayed_event_is_not_archived_again(sandbox: Sandbox, rules: dict[str, str]) -> None:
    deliver_events(sandbox, 1)
    replay(sandbox, 0, 2)
    assert sandbox.client("events").describe_archive(ArchiveName="all")["EventCount"] == 1


def test_canary_motos_archive_and_replay_have_the_attributes_that_are_read() -> None:
    archive = Archive(ACCOUNT, "eu-west-1", "all", BUS, "", '{"source": ["aws.ecr"]}', "0")  # type: ignore[abstract]
    assert (archive.events, archive.event_bus_name) == ([], "central")
    replay = Replay(ACCOUNT, "eu-west-1", "again", "", ARCHIVE, "1", "2", {"Arn": BUS})
    assert {"event_start_time", "event_end_time", "state", "end_time", "destination"} <= vars(replay).keys()
