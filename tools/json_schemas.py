"""docs/*.schema.json of what `rollout` and `destroy` print for programs: the documents of --json, and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from deployer.planning.opt_in import OptInStatus
from deployer.planning.plan import Change
from deployer.planning.states import FunctionUrl
from deployer.rendering.events_json import VERSION as EVENTS_VERSION
from deployer.rendering.plan_json import VERSION
from deployer.stack_sets import Action, OperationStatus, ResultStatus
from deployer.stacks import ResourceChange

Schema = dict[str, Any]

_MORE = "Others, and more fields, may come without a new version: ignore what you do not know."


def _object(properties: Mapping[str, Any], *, description: str = "") -> Schema:
    """An object that has all of these; others may come later."""
    found: Schema = {"type": "object", "properties": dict(properties), "required": list(properties)}
    return found | ({"description": description} if description else {})


def _list(items: Schema, *, description: str = "") -> Schema:
    found: Schema = {"type": "array", "items": items}
    return found | ({"description": description} if description else {})


def _text(description: str = "") -> Schema:
    return {"type": "string"} | ({"description": description} if description else {})


def _text_or_null(description: str = "") -> Schema:
    return {"type": ["string", "null"]} | ({"description": description} if description else {})


def _count(description: str = "") -> Schema:
    return {"type": "integer", "minimum": 0} | ({"description": description} if description else {})


def _enum(literal: Any) -> Schema:
    return {"enum": list(get_args(literal))}


_BOOLEAN: Schema = {"type": "boolean"}
_TEXTS = _list(_text())
_TIME: Schema = {"type": "string", "format": "date-time", "description": "UTC, with Z"}
_TIME_OR_NULL: Schema = {"anyOf": [_TIME, {"type": "null"}]}
_EXIT_CODE: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
_PLACE = {
    "account": {"type": "string", "pattern": "^[0-9]{12}$"},
    "name": _text_or_null("null if the account has left the organization"),
    "ou": _text("The path of its OU"),
}
_INSTANCE = {**_PLACE, "region": _text()}
_FAILURES = _list(_object({
    **_INSTANCE, "stack_set": _text(), "reason": _text("AWS's own words"), "next_step": _text("What to do about it"),
}), description="Instances that are not in the desired state")  # fmt: skip
_RESULT = {
    "exit_code": _EXIT_CODE,
    "done": _TEXTS,
    "not_run": _TEXTS,
    "instances": _object({key: _count() for key in ("created", "updated", "deleted", "unchanged", "skipped")}),
    "failures": _FAILURES,
    "error": _text_or_null("What stopped it"),
}
_REMOVAL_RESULT = {
    "exit_code": _EXIT_CODE,
    "done": _TEXTS,
    "not_run": _TEXTS,
    "instances": _count("Stack instances that were deleted"),
    "released": _count("Stack instances of suspended accounts that were released; their stacks stay"),
    "failures": _FAILURES,
    "error": _text_or_null("What stopped it"),
}


def destroy() -> Schema:
    """The document of `destroy --json`."""
    properties = {
        "version": {"const": VERSION},
        "organization": _text(),
        "stack_sets": _list(_text(), description="In the order of their removal"),
        "instances": _count("Stack instances to delete"),
        "retained": _list(
            _object({**_INSTANCE, "stack_set": _text(), "stack": _text_or_null("Id of the stack that stays")}),
            description="Of suspended accounts",
        ),
        "stacks": _list(_object({"name": _text(), "region": _text()})),
        "bucket": _BOOLEAN,
        "other_installations": _list(_text(), description="Which stay"),
        "ledger": {"enum": ["deleted", "kept", "absent"]},
        "outcome": {"anyOf": [_object(_REMOVAL_RESULT), {"type": "null"}], "description": "null if nothing exists"},
    }
    return _document("What `deployer destroy --json` prints", VERSION) | _object(properties)


def rollout() -> Schema:
    """The documents of `plan --json` and `rollout --json`."""
    outdated = _object(
        {"section": _text(), "item": _text(), "before": _text_or_null(), "after": _text_or_null()},
    )
    changed = {"version": {"const": VERSION}, "changed_since": _list(outdated)}
    found = _document("What `deployer plan --json` and `deployer rollout --json` print", VERSION)
    plan = _object(_plan(), description="`plan --json`, and with `url` and `outcome` `rollout --json`")
    plan["properties"] |= {
        "url": _text_or_null("The handler's function URL"),
        "outcome": _object(_RESULT),
    }
    plan["dependentRequired"] = {"url": ["outcome"], "outcome": ["url"]}
    refused = _object(changed, description="`rollout --plan`: what has changed since the file was written (exit 27)")
    return found | {"oneOf": [{"title": "plan", **plan}, {"title": "changed", **refused}]}


def _plan() -> Schema:
    operation = {"operation": _text(), "action": _enum(Action), "status": _enum(OperationStatus),
                 "started": _TIME_OR_NULL, "started_by": _text_or_null()}  # fmt: skip
    value = _object({"key": _text(), "before": _text_or_null("JSON"), "after": _text_or_null("JSON")})
    return {
        "version": {"const": VERSION},
        "organization": _text(),
        "caller": _text("ARN"),
        "changes": _BOOLEAN,
        "stacks": _list(_object({
            "name": _text(), "region": _text(), "change": _enum(Change), "preview_denied": _BOOLEAN,
            "restored_functions": _TEXTS, "damage": _TEXTS, "resources": _list(_resource()),
        })),
        "bundle": _object({"key": _text(), "upload": _BOOLEAN}, description="The handler's zip"),
        "function_url": _enum(FunctionUrl),
        "urls": _object({"configured": _text_or_null(), "current": _text_or_null()}),
        "under_way": _list(_object({
            "stack_set": _text(), **operation, "over": _count("Instances that have ended"), "instances": _count(),
        })),
        "opt_in_regions": _list(_object({"region": _text(), "management_account": _enum(OptInStatus)})),
        "settings": _list(_object({"ous": _TEXTS, "accounts": _TEXTS, "values": _list(value)})),
        "stack_sets": _list(_stack_set()),
        "additions": _list(_object({**_INSTANCE, "addition": _text(), "command": _text("Removes it")})),
        "totals": _object({key: _count() for key in ("create", "update", "delete", "unchanged")}),
        "skipped": _list(_object({**_PLACE, "reason": _text()})),
    }  # fmt: skip


def _resource() -> Schema:
    fields = ResourceChange.__dataclass_fields__
    properties = {"action": _text(), "logical_id": _text(), "type": _text(), "replacement": _text(), "details": _TEXTS}
    if fields.keys() != properties.keys():
        raise ValueError(f"fields of ResourceChange: {', '.join(fields)}")
    return _object(properties)


def _stack_set() -> Schema:
    instances = _list(_object(_INSTANCE))
    targets = _object({"ou_ids": _TEXTS, "accounts": _TEXTS, "account_filter": _text()})
    operations = _list(_object({"targets": targets, "regions": _TEXTS, "instances": instances}))
    ou = {"ou": _text(), "ou_id": _text()}
    beyond = _object({**ou, "regions": _TEXTS, "via": _object(ou)})
    return _object({
        "name": _text(), "change": _enum(Change), "resources": _list(_resource()), "properties": _TEXTS,
        "instances": _object({
            "rewritten": _count("Updated with the StackSet"),
            "create": operations, "update": operations, "delete": operations, "moving": instances,
            "withdraw": operations, "repaired": _list(_object({**_INSTANCE, "damage": _TEXTS})),
            "unchanged": _count(), "skipped": instances, "out_of_reach": instances,
        }),
        "future_accounts": _object({
            "too_much": _list(beyond), "too_little": _list(_object({**ou, "regions": _TEXTS})),
        }),
    })  # fmt: skip


def events() -> Schema:
    """A line of `rollout` or `destroy` with --log-format json."""
    operation = {"stack_set": _text(), "operation": _text(), "action": _enum(Action), "status": _enum(OperationStatus),
                 "started": _TIME_OR_NULL, "started_by": _text_or_null()}  # fmt: skip
    result = _object({**_INSTANCE, "status": _enum(ResultStatus), "reason": _text()})
    counts: Schema = {"type": "object", "propertyNames": _enum(ResultStatus), "additionalProperties": _count(),
                      "description": "Instances by status"}  # fmt: skip
    found = {
        "step-started": ("A step begins.", {"step": _text()}),
        "step-ended": ("A step ended.", {
            "step": _text(), "error": _text_or_null("Why it failed"),
            "failed": _count("Instances that failed although the step continued"),
        }),
        "stack-event": ("An event of a resource of a stack in the central account, as CloudFormation reports it.", {
            key: _text() for key in ("stack", "logical_id", "type", "status", "reason")
        }),
        "operation-started": ("A StackSet operation was submitted.", {
            "stack_set": _text(), "operation": _text(), "action": _enum(Action),
            "instances": _count("How many it is for"),
        }),
        "operation-attached": ("An operation that was in progress already is followed.", operation),
        "operation-waited-for": ("An operation that was in progress already is waited for.", {
            **operation, "over": _count("Instances that have ended"), "instances": _count(),
        }),
        "operation-progress": ("The state of an operation.", {
            **operation, "counts": counts, "skipped": _count("Instances in suspended accounts, which AWS skips"),
            "changed": _list(result, description="Instances that failed or were cancelled since the last report"),
        }),
        "rollout-ended": ("The roll-out ended, and its result was read back; the last line.", _RESULT),
        "destroy-ended": ("The removal ended; the last line.", _REMOVAL_RESULT),
        "warning": ("Something went wrong that does not change the exit code.", {"message": _text()}),
        "error": ("What stopped the command; the last line.", {
            "message": _text(), "next_step": _text_or_null(), "exit_code": _EXIT_CODE,
        }),
    }  # fmt: skip
    of_all = {"version": {"const": EVENTS_VERSION}, "time": _TIME, "event": {"enum": list(found)}}
    title = "A line of `deployer rollout` or `deployer destroy` with --log-format json"
    variants = [
        {"title": name, "description": text, "properties": {"event": {"const": name}, **fields}, "required": [*fields]}
        for name, (text, fields) in found.items()
    ]
    return _document(title, EVENTS_VERSION) | _object(of_all) | {"oneOf": variants}


def _document(title: str, version: int) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": f"Version {version}. {_MORE}",
    }


SCHEMAS = {"rollout-events": events, "rollout": rollout, "destroy": destroy}
"""By the first part of the file's name."""


def render(name: str) -> str:
    """The text of docs/<name>.schema.json."""
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"
