"""Adoptions: which request is recorded, that a repetition records nothing new, and that no member can send one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import reasons
from handler.adoption_requests import SOURCE, AdoptionRequest, adoption_id, is_adoption
from handler.aws_errors import are_credentials_stale
from handler.errors import PermanentError
from handler.events import FailedCall, MalformedEvent, OtherEvent, parse
from handler.records import RecordRetention
from handler.redrives import marked
from handler.tags import EVENT_ID_TAG, INSTALLATION_TAG
from templates.event_pattern import forwarded_events
from tests.handler.events import load
from tests.handler.fakes import ACCOUNT, NOW, Held, World
from tests.handler.http_requests import http

NAME = "legacy/api"
ARN = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{NAME}"
MADE = datetime(2023, 2, 1, 9, 30, 0, 250_000, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PERSON = "arn:aws:sts::200000000001:assumed-role/platform/someone"
REQUEST = AdoptionRequest(
    action="adopt",
    account=ACCOUNT,
    region="eu-west-1",
    repository=NAME,
    event_id=adoption_id(ARN, MADE),
    time=NOW.replace(microsecond=0),
    principal=PERSON,
)


def world(**tags: str) -> World:
    """A registry with one repository that somebody else created."""
    found = World()
    found.repositories[ACCOUNT, "eu-west-1", NAME] = Held(tags=dict(tags), settings=None, created_at=MADE)
    return found


def ask(found: World, request: AdoptionRequest = REQUEST, **changes: Any) -> dict[str, Any]:
    return found.service().handle(request.to_event() | changes, request_id="lambda-1")


def test_invariant_3_an_adoption_is_recorded_with_the_person_and_changes_nothing() -> None:
    found = world()
    assert ask(found) == {"outcome": "adopted", "detail": "", "event_id": REQUEST.event_id}
    (record,) = found.records.values()
    assert (record.outcome, record.reason, record.version) == ("adopted", reasons.ADOPTED, 2)
    assert (record.repository_arn, record.created_at, record.principal) == (ARN, MADE, PERSON)
    assert (record.account_name, record.ou_path) == ("shop-prod", "Workloads/Prod")
    assert (record.event_time, record.event_name) == (REQUEST.time, "AdoptRepository")
    assert RecordRetention().of("adopted") is RecordRetention().of("released") is None
    assert (found.tagged, found.creations, found.messages, found.notices.sent) == ([], [], [], [])
    assert found.repositories[ACCOUNT, "eu-west-1", NAME] == Held(tags={}, settings=None, created_at=MADE)


def test_a_repeated_request_records_nothing_new_and_has_the_same_response() -> None:
    found = world()
    first = ask(found)
    found.pass_time(timedelta(minutes=1))
    assert ask(found) == first
    assert len(found.records) == 1


def test_a_release_is_recorded_for_the_same_event() -> None:
    found = world()
    ask(found)
    later = replace(REQUEST, action="release", time=REQUEST.time + timedelta(seconds=1))
    assert ask(found, later)["outcome"] == "released"
    assert found.outcomes() == [("adopted", "adopted"), ("released", "released")]
    assert {one.event_id for one in found.records.values()} == {REQUEST.event_id}


def created_again(found: World) -> None:
    found.repositories[ACCOUNT, "eu-west-1", NAME].created_at += timedelta(seconds=1)


def tagged(found: World) -> None:
    found.repositories[ACCOUNT, "eu-west-1", NAME].tags[EVENT_ID_TAG] = "another"


def adopted_by_another_installation(found: World) -> None:
    """Its tag has the same id, since the repository is the same."""
    found.repositories[ACCOUNT, "eu-west-1", NAME].tags |= {EVENT_ID_TAG: REQUEST.event_id, INSTALLATION_TAG: "other"}


def left(found: World) -> None:
    found.chains[ACCOUNT] = None


def without_role(found: World) -> None:
    found.faults.by_name["find"] = PermanentError(reasons.ROLE_NOT_ASSUMABLE, "AssumeRole: denied")


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        (lambda found: found.repositories.clear(), "it no longer exists"),
        (created_again, "it was replaced by another repository"),
        (tagged, "it has the tag of event another"),
        (adopted_by_another_installation, "it has the tag of installation other"),
        (left, "the account is not in the organization"),
        (without_role, "role-not-assumable: AssumeRole: denied"),
    ],
    ids=[
        "deleted",
        "created again",
        "created by the handler",
        "adopted by another",
        "left the organization",
        "no role",
    ],
)
def test_invariant_3_nothing_is_recorded_unless_the_repository_is_the_one_that_was_seen(
    changes: Any, detail: str
) -> None:
    found = world()
    changes(found)
    answer = ask(found)
    assert (answer["outcome"], answer["detail"], found.records) == ("not-done", detail, {})
    assert found.lines[-1]["level"] == "WARN"


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2}, {"version": True}, {"action": "delete"}, {"action": None}, {"repository": "Team/UPPER"},
        {"repository": 7}, {"account": "30000000000"}, {"region": "eu-west-1.evil.example"}, {"principal": ""},
        {"event_id": "00000000-0000-0000-0000-000000000000"}, {"event_id": f"{REQUEST.event_id}0"},
        {"time": "2026-11-23T07:30:19Z"}, {"time": "2026-11-23T08:00:21Z"}, {"time": "yesterday"},
    ],
    ids=str,
)  # fmt: skip
def test_a_request_that_no_version_of_the_command_sends_is_not_carried_out(changes: dict[str, Any]) -> None:
    found = world()
    answer = ask(found, **changes)
    assert (answer["outcome"], found.records) == ("not-done", {})
    assert answer["detail"]
    assert found.faults.calls == []


def test_a_transient_error_is_raised_and_the_same_request_completes_it() -> None:
    found = world()
    found.faults.passing["write"] = [ConnectionError("no answer")]
    with pytest.raises(ConnectionError):
        ask(found)
    assert not are_credentials_stale(ConnectionError())
    assert ask(found)["outcome"] == "adopted"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(key=st.sampled_from([*REQUEST.to_event()][1:]), value=_JSON)
def test_a_request_has_a_response_whatever_its_fields_contain(key: str, value: Any) -> None:
    found = world()
    answer = ask(found, **{key: value})
    assert json.loads(json.dumps(answer)) == answer
    assert (answer["outcome"] == "adopted") == bool(found.records)


# No way of a member account leads to an adoption


@pytest.mark.parametrize("from_member", [True, False], ids=["a member's queue", "the central queue"])
def test_invariant_3_a_message_of_a_queue_is_never_an_adoption(from_member: bool) -> None:
    found = world()
    event = marked(REQUEST.to_event(), sent=NOW, from_member=from_member)
    assert not is_adoption(event)
    assert isinstance(parse(event), OtherEvent | MalformedEvent)
    found.service().handle(event, request_id="lambda-1")
    assert not any(one.outcome == "adopted" for one in found.records.values())


def test_invariant_3_the_body_of_a_request_to_the_url_is_never_an_adoption() -> None:
    found = world()
    event = http(REQUEST.to_event())
    assert not is_adoption(event)
    assert not is_adoption({**event, **REQUEST.to_event()})
    assert found.service().handle(event, request_id="lambda-1")["statusCode"] == 400
    assert found.records == {}


@pytest.mark.parametrize("observe", [True, False])
def test_the_rules_forward_no_event_with_the_source_of_an_adoption(observe: bool) -> None:
    patterns = json.loads(json.dumps(forwarded_events(observe=observe)))
    assert SOURCE not in json.dumps(patterns)
    assert patterns["source"] == ["aws.ecr"]


def test_invariant_3_an_event_cannot_have_the_id_of_an_adoption() -> None:
    """The tag of an adopted repository would make the handler complete it for such an event, as one that it created."""
    event = load(changes={"detail.requestParameters.repositoryName": NAME})
    assert isinstance(parse(event), FailedCall)
    event["detail"]["eventID"] = REQUEST.event_id
    found = world(**{EVENT_ID_TAG: REQUEST.event_id})
    assert isinstance(parse(event), MalformedEvent)
    found.handler().handle(event, request_id="lambda-1")
    assert found.repositories[ACCOUNT, "eu-west-1", NAME].lifecycle_policy is None
    assert {one.outcome for one in found.records.values()} == {"failed"}


@given(
    arns=st.lists(st.from_regex(r"arn:aws:ecr:eu-west-1:[0-9]{12}:repository/[a-z]{2,9}", fullmatch=True), max_size=3),
    times=st.lists(st.integers(0, 10**13).map(lambda ms: EPOCH + timedelta(milliseconds=ms)), max_size=3),
)
def test_an_id_identifies_one_repository_and_one_second_of_creation(arns: list[str], times: list[datetime]) -> None:
    keys = [(arn, time) for arn in arns for time in times]
    by_id: dict[str, set[tuple[str, datetime]]] = {}
    for arn, time in keys:
        by_id.setdefault(adoption_id(arn, time), set()).add((arn, time.replace(microsecond=0)))
    assert all(len(same) == 1 for same in by_id.values())
    assert len(by_id) == len({(arn, time.replace(microsecond=0)) for arn, time in keys})
