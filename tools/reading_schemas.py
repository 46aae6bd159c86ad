"""The schemas of what commands that only read print with --json."""

from __future__ import annotations

from deployer.audit.documents import COLUMNS, TIMES
from deployer.doctor.finding import CheckStatus
from deployer.failures.messages import Origin
from deployer.rollout.status import State
from deployer.settings.problems import Severity
from handler.reasons import Outcome
from tools.schema_parts import (
    BOOLEAN,
    INSTANCE,
    PLACE,
    TEXTS,
    TIME,
    TIME_OR_NULL,
    Schema,
    count,
    document,
    enum,
    list_of,
    object_of,
    text,
    text_or_null,
)

VERSION = 1

_ACCOUNT = {"type": ["string", "null"], "description": "null if the message does not name one"}
_OBJECT_OR_NULL: Schema = {"type": ["object", "null"], "additionalProperties": True}
_REQUIRED_COLUMNS = ("account", "outcome", "reason", "event_id", "request_id", "settings_digest")


def failures() -> Schema:
    """The document of `failures list --json`."""
    queue = object_of({**INSTANCE, "queue": text(), "central": BOOLEAN}, description="Where the message is")
    failure = object_of({
        "id": text("Of the message; `failures show` takes the beginning"),
        "queue": queue,
        "origin": enum(Origin),
        "reason": text("A stable code"),
        "detail": text_or_null(),
        "attempts": {"type": ["integer", "null"]},
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
    })  # fmt: skip
    properties = {
        "failures": list_of(failure),
        "others": count("Messages that are no failures"),
        "held_by_others": count("Messages that another reader holds"),
        "not_received": count("Messages that SQS did not return"),
        "cut": BOOLEAN,
        "out_of_reach": list_of(object_of({**INSTANCE, "problem": text()})),
    }
    return document("What `deployer failures list --json` prints", VERSION) | object_of(properties)


def status() -> Schema:
    """The document of `status --json`."""
    coverage = {state: count() for state in enum(State)["enum"]}
    properties = {
        "organization": text(),
        "as_wanted": {**BOOLEAN, "description": "Whether everything is in sync"},
        "url": text_or_null("The handler's function URL"),
        "deep": BOOLEAN,
        "unread": list_of(object_of({**INSTANCE, "reason": text()})),
        "stacks": list_of(object_of({
            "name": text(), "region": text(), "state": text_or_null(), "differs": BOOLEAN, "replaced_code": TEXTS,
            "damage": TEXTS,
        })),
        "additions": list_of(object_of({**INSTANCE, "addition": text(), "command": text("Removes it")})),
        "coverage": list_of(object_of({
            "stack_set": text(), "ou": text(), "region": text(), "wanted": count("Instances that should exist"),
            **coverage,
        })),
        "instances": list_of(object_of({
            **INSTANCE, "stack_set": text(), "state": enum(State), "reason": text_or_null("AWS's own words"),
            "next_step": text_or_null(),
        })),
        "causes": list_of(object_of({
            "state": enum(State), "reason": text_or_null(), "next_step": text_or_null(), "instances": count(),
            "accounts": count(),
        })),
    }  # fmt: skip
    return document("What `deployer status --json` prints", VERSION) | object_of(properties)


def audit_verify() -> Schema:
    """The document of `audit verify --json`."""
    difference = object_of({"setting": text(), "found": {}, "wanted": {}})
    repository = object_of({
        **INSTANCE, "repository": text(), "verdict": text("A finding, `in step` or `under way`"), "blank": BOOLEAN,
        "created_at": TIME_OR_NULL, "event_id": text_or_null(), "principal": text_or_null(),
        "differences": list_of(difference), "note": text_or_null(),
    })  # fmt: skip
    properties = {
        "at": TIME,
        "grace_hours": {"type": "number"},
        "counts": {"type": "object", "additionalProperties": count(), "description": "Repositories by verdict"},
        "others": count("Repositories that deployer did not create"),
        "accounts": count(),
        "regions": count(),
        "repositories": list_of(repository),
        "others_by_region": list_of(object_of({**INSTANCE, "count": count()})),
        "unread": list_of(object_of({
            **PLACE, "region": text_or_null(), "repository": text_or_null(), "problem": text(),
        })),
    }  # fmt: skip
    return document("What `deployer audit verify --json` prints", VERSION) | object_of(properties)


def audit_list() -> Schema:
    """The documents of `audit list --json` and `--json-lines`."""
    columns: dict[str, Schema] = {name: text_or_null() for name in COLUMNS}
    columns |= {name: TIME if name in ("event_time", "received_at") else TIME_OR_NULL for name in TIMES}
    columns |= {name: text() for name in _REQUIRED_COLUMNS} | {"outcome": enum(Outcome)}
    columns |= {"settings": _OBJECT_OR_NULL, "steps": _OBJECT_OR_NULL}
    record = object_of(columns, description="A record; --json-lines prints one in each line")
    return document("What `deployer audit list --json` prints", VERSION) | list_of(record)


def doctor() -> Schema:
    """The document of `doctor --json`, without `--probe`."""
    finding = object_of({"severity": text(), "message": text(), "next_step": text_or_null(), "commands": TEXTS})
    check = object_of({"check": text(), "title": text(), "result": enum(CheckStatus), "findings": list_of(finding)})
    properties = {"has_findings": BOOLEAN, "checks": list_of(check)}
    return document("What `deployer doctor --json` prints", VERSION) | object_of(properties)


def validate() -> Schema:
    """The document of `validate --json`."""
    severities = [severity.value for severity in Severity]
    problem = object_of({
        "file": text(), "line": count(), "column": count(), "key": text(), "message": text(),
        "severity": {"enum": severities},
    })  # fmt: skip
    properties = {
        **{f"{severity}s": count() for severity in severities},
        "organization": text_or_null("The organization compared with"),
        "problems": list_of(problem),
    }
    return document("What `deployer validate --json` prints", VERSION) | object_of(properties)


SCHEMAS = {
    "failures": failures,
    "status": status,
    "audit-verify": audit_verify,
    "audit-list": audit_list,
    "doctor": doctor,
    "validate": validate,
}
"""By the first part of the file's name."""
