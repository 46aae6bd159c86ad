"""Recorded events in files of many forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.settings.recorded_events import UnknownContentError, recorded_events
from handler.events import FailedCall, OtherEvent, parse

HERE = Path(__file__).parent / "recorded"
EVENTS = HERE.parents[2] / "events"
ENVELOPE: dict[str, Any] = json.loads((EVENTS / "push-by-a-role.json").read_text(encoding="utf-8"))
RECORD = ENVELOPE["detail"]


def text_of(value: object) -> str:
    return json.dumps(value)


QUEUE_BODY = {
    "version": "1.0",
    "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
    "requestPayload": ENVELOPE,
    "responsePayload": {"errorType": "Exception", "errorMessage": "x"},
}
NOTIFICATION = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:::x", "Message": text_of(ENVELOPE)}
SQS_MESSAGE = {"MessageId": "1", "ReceiptHandle": "x", "MD5OfBody": "x", "Attributes": {}}
LOOKED_UP = {"EventId": "1", "EventName": "InitiateLayerUpload", "CloudTrailEvent": text_of(RECORD)}


@pytest.mark.parametrize(
    ("text", "count", "is_list"),
    [
        pytest.param(text_of(ENVELOPE), 1, False, id="the envelope"),
        pytest.param(text_of([ENVELOPE, ENVELOPE]), 2, True, id="a list of envelopes"),
        pytest.param(text_of([ENVELOPE]), 1, True, id="a list of one"),
        pytest.param(text_of(RECORD), 1, False, id="a single record of CloudTrail"),
        pytest.param(text_of([RECORD]), 1, True, id="a list of records"),
        pytest.param(text_of({"Records": [RECORD, RECORD]}), 2, True, id="a file of CloudTrail"),
        pytest.param(text_of({"Events": [LOOKED_UP], "NextToken": "x"}), 1, True, id="the output of lookup-events"),
        pytest.param(text_of(LOOKED_UP), 1, False, id="one event of lookup-events"),
        pytest.param(text_of([text_of(RECORD)]), 1, True, id="lookup-events with --query Events[].CloudTrailEvent"),
        pytest.param(text_of(QUEUE_BODY), 1, False, id="the body of a message of the failures queue"),
        pytest.param(
            text_of({"Messages": [SQS_MESSAGE | {"Body": text_of(QUEUE_BODY)}]}),
            1,
            True,
            id="the output of receive-message",
        ),
        pytest.param(
            text_of(SQS_MESSAGE | {"Body": text_of(ENVELOPE)}), 1, False, id="a message of a dead-letter queue"
        ),
        pytest.param(text_of(text_of(QUEUE_BODY)), 1, False, id="a body as a string"),
        pytest.param(text_of(NOTIFICATION), 1, False, id="a notification of SNS"),
        pytest.param(
            text_of({"Messages": [SQS_MESSAGE | {"Body": text_of(NOTIFICATION)}]}), 1, True, id="SNS within SQS"
        ),
        pytest.param(
            text_of({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text_of(ENVELOPE)}}]}),
            1,
            True,
            id="an event of SNS to Lambda",
        ),
        pytest.param(
            text_of({"Records": [{"messageId": "1", "body": text_of(ENVELOPE), "eventSource": "aws:sqs"}]}),
            1,
            True,
            id="an event of SQS to Lambda",
        ),
        pytest.param(
            text_of({"events": [{"timestamp": 1, "message": text_of(RECORD)}], "searchedLogStreams": []}),
            1,
            True,
            id="the output of filter-log-events",
        ),
        pytest.param(
            text_of({"results": [[{"field": "@message", "value": text_of(RECORD)}, {"field": "@ptr", "value": "x"}]]}),
            1,
            True,
            id="the output of get-query-results",
        ),
        pytest.param(
            text_of({"Entries": [{"Source": "aws.ecr", "DetailType": "x", "Detail": text_of(RECORD)}]}),
            1,
            True,
            id="the input of put-events",
        ),
        pytest.param(f"{text_of(ENVELOPE)}\n{text_of(RECORD)}\r\n\n", 2, True, id="one JSON document per line"),
        pytest.param(json.dumps(ENVELOPE, indent=2) * 2, 2, True, id="concatenated JSON documents"),
        pytest.param(text_of(ENVELOPE | {"replay-name": "replay-1"}), 1, False, id="a replay of an archive"),
    ],
)
def test_every_event_is_found_and_parsed_as_the_handler_does(text: str, count: int, is_list: bool) -> None:
    found = recorded_events(text)
    assert (len(found.events), found.is_list) == (count, is_list)
    calls = [parse(event) for event in found.events]
    assert {call.repository for call in calls if isinstance(call, FailedCall)} == {"team-a/api"}
    assert all(isinstance(call, FailedCall) for call in calls)


def test_marks_of_redrives_and_replays_are_kept() -> None:
    replayed = parse(recorded_events(text_of(ENVELOPE | {"replay-name": "x"})).events[0])
    assert isinstance(replayed, FailedCall)
    assert replayed.via == "replay"


def test_a_record_of_another_service_is_another_event() -> None:
    record = {**RECORD, "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "errorCode": None}
    assert isinstance(parse(recorded_events(text_of({"Records": [record]})).events[0]), OtherEvent)


@pytest.mark.parametrize(
    ("text", "description"),
    [
        pytest.param("", "empty", id="an empty file"),
        pytest.param(" \n", "empty", id="blanks"),
        pytest.param("ou: Sandbox", "not JSON", id="YAML"),
        pytest.param("[]", "empty list", id="an empty list"),
        pytest.param('{"Records": []}', "empty list", id="a file without records"),
        pytest.param("{}", "empty object", id="an empty object"),
        pytest.param("[3]", "3 instead of an event", id="a number"),
        pytest.param("null", "null instead of an event", id="null"),
        pytest.param('"hello"', '"hello" instead of an event', id="a string"),
        pytest.param(
            '{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {}}]}',
            'keys "eventSource", "eventName", "s3"',
            id="a notification of S3",
        ),
        pytest.param('{"version": "2.0", "body": "{\\"repository\\": \\"a\\"}"}', 'keys "repository"', id="a request"),
        pytest.param('{"a": 1, "b": 2}', 'keys "a", "b"', id="another object"),
        pytest.param(text_of([ENVELOPE, {"a": 1}]), 'keys "a"', id="an event and another object"),
        pytest.param(
            '{"outcome": "refused", "reason": "name-denied", "event_id": "1"}', "record of the ledger", id="a record"
        ),
        pytest.param("[" * 100_000, "not JSON", id="endlessly nested lists"),
        pytest.param("[" * 50 + "]" * 50, "nested too deeply", id="many lists"),
        pytest.param('{"requestPayload": {"\\u001b[31m": 1}}', r'"\\u001b\[31m"', id="control characters in a key"),
    ],
)
def test_other_content_is_described(text: str, description: str) -> None:
    with pytest.raises(UnknownContentError, match=description):
        recorded_events(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["Records", "Events", "Messages", "Body", "detail", "Sns", "x"]), inner)
        ),
    )
)
def test_any_content_gives_events_or_a_description(value: object) -> None:
    try:
        found = recorded_events(text_of(value))
    except UnknownContentError:
        return
    assert found.events


@pytest.mark.parametrize("file", sorted(HERE.glob("*.json")), ids=lambda file: str(file.stem))
def test_files_of_common_tools_are_read(file: Path) -> None:
    calls = [parse(event) for event in recorded_events(file.read_text(encoding="utf-8")).events]
    assert len(calls) == (2 if file.stem == "records-file" else 1)
    assert all(isinstance(call, FailedCall) for call in calls)
