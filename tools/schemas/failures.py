"""What `deployer failures` prints with --json."""

from __future__ import annotations

from deployer.failures.messages import Origin
from deployer.failures.redriving import RedriveStatus
from deployer.failures.replaying import State
from tools.schemas.parts import (
    BOOLEAN,
    INSTANCE,
    PLACE,
    TIME,
    TIME_OR_NULL,
    Schema,
    count,
    document,
    enum,
    list_of,
    mapping_of,
    object_of,
    or_null,
    text,
    text_or_null,
)

_ACCOUNT = text_or_null("null if the message does not name one")
_UNREAD = list_of(object_of({**INSTANCE, "problem": text()}), description="Queues that could not be read")
_FAILURE = {
    "id": text("Of the message; `failures show` takes the beginning"),
    "queue": object_of({**INSTANCE, "queue": text(), "central": BOOLEAN}, description="Where the message is"),
    "origin": enum(Origin),
    "reason": text("A stable code"),
    "detail": text_or_null(),
    "attempts": or_null(count()),
    "sent": TIME,
    "received": count("How often it was received"),
    **PLACE,
    "account": _ACCOUNT,
    "region": text_or_null(),
    "repository": text_or_null(),
    "principal": text_or_null(),
    "event_name": text_or_null(),
    "event_id": text_or_null(),
    "event_time": TIME_OR_NULL,
    "obstacle": text_or_null("Why it cannot be redriven"),
}
_RECEIVED = {
    "failures": list_of(object_of(_FAILURE)),
    "others": count("Messages that are no failures"),
    "held_by_others": count("Messages that another reader holds"),
    "not_received": count("Messages that SQS did not return"),
    "cut": BOOLEAN,
    "out_of_reach": _UNREAD,
}


def list_failures() -> Schema:
    """The document of `failures list --json`."""
    return document("failures list") | object_of(_RECEIVED)


def show() -> Schema:
    """The document of `failures show --json`."""
    message = object_of({"body": text(), "attributes": mapping_of(text())}, description="As SQS has it")
    event = or_null(mapping_of({}), "The event that failed; null if the message has none")
    return document("failures show") | list_of(object_of({**_FAILURE, "event": event, "message": message}))


def redrive() -> Schema:
    """The document of `failures redrive --json`."""
    result = object_of({
        "id": text("Of the message"), **PLACE, "account": _ACCOUNT, "region": text_or_null(),
        "repository": text_or_null(), "status": enum(RedriveStatus), "problem": text_or_null(),
    })  # fmt: skip
    done = object_of({"redriven": list_of(result), "out_of_reach": _UNREAD})
    received = object_of(_RECEIVED, description="With --dry-run, and if nothing can be redriven: as `failures list`")
    return document("failures redrive") | {"oneOf": [{"title": "redriven", **done}, {"title": "found", **received}]}


def replay() -> Schema:
    """The document of `failures replay --json`."""
    properties = {
        "name": text_or_null("Of the replay in EventBridge; null with --dry-run"),
        "state": or_null(enum(State), "null with --dry-run"),
        "since": TIME,
        "until": TIME,
        "reached": or_null(TIME, "The time of the event that was replayed last"),
        "started": TIME_OR_NULL,
        "ended": TIME_OR_NULL,
    }
    return document("failures replay") | object_of(properties)


SCHEMAS = {
    "failures-list": list_failures,
    "failures-show": show,
    "failures-redrive": redrive,
    "failures-replay": replay,
}
