"""Recorded events in files of many forms, for `simulate`: messages, CloudTrail's records, output of the AWS CLI.

Pure: text in, events out, each as EventBridge delivers it. Containers may be nested, as an SNS notification in the body
of an SQS message is. A record of CloudTrail without its envelope gets the envelope that EventBridge makes for it:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from handler.events import DETAIL_TYPE

Document = Mapping[str, object]

_LISTS: Final = ("Records", "Events", "events", "logEvents", "Messages", "results", "Entries")
"""Keys of lists: of CloudTrail's files and of Lambda's input (SQS, SNS), of `cloudtrail lookup-events`, of
`logs filter-log-events` and `get-log-events`, of a subscription of CloudWatch Logs, of `sqs receive-message`, of
`logs get-query-results`, of `events put-events`."""
_CONTENTS: Final = ("requestPayload", "CloudTrailEvent", "Body", "body", "Message", "message", "Sns", "Detail", "event")
"""Keys of what is inside: of Lambda's on-failure record, of an event of `lookup-events`, of a message of SQS, of a
notification of SNS, of a line of CloudWatch Logs, of an item of Lambda's input from SNS, of an entry of `put-events`,
of a saved test event."""
_FIELD: Final = frozenset({"field", "value"})
"""A field of a row of `logs get-query-results`, of which `@message` is the line."""
_RECORD: Final = frozenset({"eventSource", "eventName"})
_SERVICE: Final = ".amazonaws.com"
_LEDGER: Final = frozenset({"outcome", "reason", "event_id"})
_DEEPEST: Final = 12
"""Levels of containers; SNS in SQS in Lambda's record in a list of lines are six."""
_NAMED_KEYS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvents:
    """The events of a file in its order; `is_list` if the file can hold several."""

    events: tuple[Document, ...]
    is_list: bool


class UnknownContentError(ValueError):
    """The text holds something other than events; the message describes what."""


def recorded_events(text: str) -> RecordedEvents:
    """Every event of a text of JSON documents, one or several. Raises UnknownContentError if a part is no event."""
    documents = list(_documents(text))
    if not documents:
        raise UnknownContentError("it is empty")
    try:
        found = [each for document in documents for each in _events(document, depth=0)]
    except RecursionError as error:
        raise UnknownContentError("it is nested too deeply") from error
    events = tuple(event for event, _ in found)
    if not events:
        raise UnknownContentError("it holds an empty list")
    return RecordedEvents(events=events, is_list=len(documents) > 1 or any(in_list for _, in_list in found))


def _documents(text: str) -> Iterator[object]:
    """The JSON documents of a text: one, one a line, or one after the other, as jq prints them."""
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        try:
            document, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError) as error:
            raise UnknownContentError(f"it is not JSON: {error}") from error
        yield document
        rest = rest[end:].lstrip()


def _events(value: object, *, depth: int, in_list: bool = False) -> Iterator[tuple[Document, bool]]:
    """The events inside a value, each with whether it was in a list."""
    if depth > _DEEPEST:
        raise UnknownContentError("it is nested too deeply")
    match value:
        case str():
            yield from _events(_inner(value), depth=depth + 1, in_list=in_list)
        case list():
            for item in value:
                yield from _events(item, depth=depth + 1, in_list=True)
        case dict():
            yield from _in_object(value, depth=depth, in_list=in_list)
        case _:
            raise UnknownContentError(f"it holds {json.dumps(value)} instead of an event")


def _in_object(value: Document, *, depth: int, in_list: bool) -> Iterator[tuple[Document, bool]]:
    if "detail" in value or "detail-type" in value:
        yield value, in_list
    elif value.keys() >= _RECORD and str(value["eventSource"]).endswith(_SERVICE):
        yield _envelope(value), in_list
    elif value.keys() == _FIELD:
        if value["field"] == "@message":
            yield from _events(value["value"], depth=depth + 1, in_list=in_list)
    elif key := next((key for key in _LISTS if isinstance(value.get(key), list)), None):
        yield from _events(value[key], depth=depth + 1, in_list=True)
    elif key := next((key for key in _CONTENTS if value.get(key)), None):
        yield from _events(value[key], depth=depth + 1, in_list=in_list)
    else:
        raise UnknownContentError(_description(value))


def _inner(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnknownContentError(f"it holds the text {_short(text)} instead of an event") from error


def _envelope(record: Document) -> Document:
    """The event that EventBridge delivers for a record of CloudTrail."""
    source = str(record.get("eventSource"))
    return {
        "version": "0",
        "id": record.get("eventID"),
        "detail-type": DETAIL_TYPE,
        "source": f"aws.{source.removesuffix(_SERVICE)}",
        "account": record.get("recipientAccountId"),
        "time": record.get("eventTime"),
        "region": record.get("awsRegion"),
        "resources": [],
        "detail": record,
    }


def _description(value: Document) -> str:
    if value.keys() >= _LEDGER:
        return "it holds a record of the ledger, which does not contain the event"
    if not value:
        return "it holds an empty object"
    keys = ", ".join(_short(str(key)) for key in list(value)[:_NAMED_KEYS])
    more = ", …" if len(value) > _NAMED_KEYS else ""
    return f"it holds an object with the keys {keys}{more}, which is no event"


def _short(text: str) -> str:
    shown = json.dumps(text, ensure_ascii=True)
    return shown if len(shown) <= 60 else f'{shown[:56]}…"'
