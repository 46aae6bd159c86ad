"""What commands that deploy, and those that look at it, print with --json, and the lines of --log-format json."""

from __future__ import annotations

from deployer.doctor.finding import CheckStatus, Severity
from deployer.doctor.probe import ProbeStatus
from deployer.planning.opt_in import OptInStatus
from deployer.planning.plan import Change
from deployer.planning.states import FunctionUrl
from deployer.rendering.events_json import VERSION as EVENTS_VERSION
from deployer.rendering.plan_json import VERSION
from deployer.rollout.status import State
from deployer.stack_sets import Action, OperationStatus, ResultStatus
from deployer.stacks import ResourceChange
from tools.schemas.parts import (
    ACCOUNT,
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
    mapping_of,
    object_of,
    text,
    text_or_null,
    titled,
)

_EXIT_CODE: Schema = {"type": "integer", "minimum": 0, "maximum": 255}
_FAILURES = list_of(object_of({
    **INSTANCE, "stack_set": text(), "reason": text("AWS's own words"), "next_step": text("What to do about it"),
}), description="Instances that are not in the desired state")  # fmt: skip
_RESULT = {
    "exit_code": _EXIT_CODE,
    "done": TEXTS,
    "not_run": TEXTS,
    "instances": object_of({key: count() for key in ("created", "updated", "deleted", "unchanged", "skipped")}),
    "failures": _FAILURES,
    "error": text_or_null("What stopped it"),
}
_REMOVAL_RESULT = {
    "exit_code": _EXIT_CODE,
    "done": TEXTS,
    "not_run": TEXTS,
    "instances": count("Stack instances that were deleted"),
    "released": count("Stack instances of suspended accounts that were released; their stacks stay"),
    "failures": _FAILURES,
    "error": text_or_null("What stopped it"),
}

UNREAD = list_of(object_of({**INSTANCE, "reason": text()}))
"""Accounts and regions whose resources an inspection could not read."""


_UNDER_WAY = list_of(object_of({
    "stack_set": text(), "operation": text(), "action": enum(Action), "status": enum(OperationStatus),
    "started": TIME_OR_NULL, "started_by": text_or_null(), "over": count("Instances that have ended"),
    "instances": count(),
}))  # fmt: skip


def destroy() -> Schema:
    """The document of `destroy --json`."""
    properties = {
        "version": {"const": VERSION},
        "organization": text(),
        "stack_sets": list_of(text(), description="In the order of their removal"),
        "instances": count("Stack instances to delete"),
        "retained": list_of(
            object_of({**INSTANCE, "stack_set": text(), "stack": text_or_null("Id of the stack that stays")}),
            description="Of suspended accounts",
        ),
        "stacks": list_of(object_of({"name": text(), "region": text()})),
        "bucket": BOOLEAN,
        "other_installations": list_of(text(), description="Which stay"),
        "ledger": {"enum": ["deleted", "kept", "absent"]},
        "outcome": {"anyOf": [object_of(_REMOVAL_RESULT), {"type": "null"}], "description": "null if nothing exists"},
    }
    return document("destroy", VERSION) | object_of(properties)


def plan() -> Schema:
    """The document of `plan --json`."""
    return document("plan", VERSION) | object_of(_plan())


def rollout() -> Schema:
    """The document of `rollout --json`."""
    done = _plan() | {"url": text_or_null("The handler's function URL"), "outcome": object_of(_RESULT)}
    outdated = object_of({"section": text(), "item": text(), "before": text_or_null(), "after": text_or_null()})
    changed = {"version": {"const": VERSION}, "changed_since": list_of(outdated)}
    refused = object_of(changed, description="`rollout --plan`: what has changed since the file was written (exit 27)")
    return document("rollout", VERSION) | {
        "oneOf": [{"title": "done", **object_of(done)}, {"title": "changed", **refused}]
    }


def _plan() -> Schema:
    value = object_of({"key": text(), "before": text_or_null("JSON"), "after": text_or_null("JSON")})
    return {
        "version": {"const": VERSION},
        "organization": text(),
        "caller": text("ARN"),
        "changes": BOOLEAN,
        "stacks": list_of(object_of({
            "name": text(), "region": text(), "change": enum(Change), "preview_denied": BOOLEAN,
            "restored_functions": TEXTS, "damage": TEXTS, "resources": list_of(_resource()),
        })),
        "bundle": object_of({"key": text(), "upload": BOOLEAN}, description="The handler's zip"),
        "function_url": enum(FunctionUrl),
        "urls": object_of({"configured": text_or_null(), "current": text_or_null()}),
        "under_way": _UNDER_WAY,
        "opt_in_regions": list_of(object_of({"region": text(), "management_account": enum(OptInStatus)})),
        "settings": list_of(object_of({"ous": TEXTS, "accounts": TEXTS, "values": list_of(value)})),
        "stack_sets": list_of(_stack_set()),
        "additions": list_of(object_of({**INSTANCE, "addition": text(), "command": text("Removes it")})),
        "unread": UNREAD,
        "totals": object_of({key: count() for key in ("create", "update", "delete", "unchanged")}),
        "skipped": list_of(object_of({**PLACE, "reason": text()})),
    }  # fmt: skip


def _resource() -> Schema:
    fields = ResourceChange.__dataclass_fields__
    properties = {"action": text(), "logical_id": text(), "type": text(), "replacement": text(), "details": TEXTS}
    if fields.keys() != properties.keys():
        raise ValueError(f"fields of ResourceChange: {', '.join(fields)}")
    return object_of(properties)


def _stack_set() -> Schema:
    instances = list_of(object_of(INSTANCE))
    targets = object_of({"ou_ids": TEXTS, "accounts": TEXTS, "account_filter": text()})
    operations = list_of(object_of({"targets": targets, "regions": TEXTS, "instances": instances}))
    ou = {"ou": text(), "ou_id": text()}
    beyond = object_of({**ou, "regions": TEXTS, "via": object_of(ou)})
    return object_of({
        "name": text(), "change": enum(Change), "resources": list_of(_resource()), "properties": TEXTS,
        "instances": object_of({
            "rewritten": count("Updated with the StackSet"),
            "create": operations, "update": operations, "delete": operations, "moving": instances,
            "withdraw": operations, "repaired": list_of(object_of({**INSTANCE, "damage": TEXTS})),
            "unchanged": count(), "skipped": instances, "out_of_reach": instances,
        }),
        "future_accounts": object_of({
            "too_much": list_of(beyond), "too_little": list_of(object_of({**ou, "regions": TEXTS})),
        }),
    })  # fmt: skip


def events() -> Schema:
    """A line of `rollout` or `destroy` with --log-format json."""
    operation = {"stack_set": text(), "operation": text(), "action": enum(Action), "status": enum(OperationStatus),
                 "started": TIME_OR_NULL, "started_by": text_or_null()}  # fmt: skip
    result = object_of({**INSTANCE, "status": enum(ResultStatus), "reason": text()})
    counts: Schema = {"type": "object", "propertyNames": enum(ResultStatus), "additionalProperties": count(),
                      "description": "Instances by status"}  # fmt: skip
    found = {
        "step-started": ("A step begins.", {"step": text()}),
        "step-ended": ("A step ended.", {
            "step": text(), "error": text_or_null("Why it failed"),
            "failed": count("Instances that failed although the step continued"),
        }),
        "stack-event": ("An event of a resource of a stack in the central account, as CloudFormation reports it.", {
            key: text() for key in ("stack", "logical_id", "type", "status", "reason")
        }),
        "operation-started": ("A StackSet operation was submitted.", {
            "stack_set": text(), "operation": text(), "action": enum(Action),
            "instances": count("How many it is for"),
        }),
        "operation-attached": ("An operation that was in progress already is followed.", operation),
        "operation-waited-for": ("An operation that was in progress already is waited for.", {
            **operation, "over": count("Instances that have ended"), "instances": count(),
        }),
        "operation-progress": ("The state of an operation.", {
            **operation, "counts": counts, "skipped": count("Instances in suspended accounts, which AWS skips"),
            "changed": list_of(result, description="Instances that failed or were cancelled since the last report"),
        }),
        "rollout-ended": ("The roll-out ended, and its result was read back; the last line.", _RESULT),
        "destroy-ended": ("The removal ended; the last line.", _REMOVAL_RESULT),
        "warning": ("Something went wrong that does not change the exit code.", {"message": text()}),
        "error": ("What stopped the command; the last line.", {
            "message": text(), "next_step": text_or_null(), "exit_code": _EXIT_CODE,
        }),
    }  # fmt: skip
    of_all = {"version": {"const": EVENTS_VERSION}, "time": TIME, "event": {"enum": list(found)}}
    title = "A line of `deployer rollout` or `deployer destroy` with --log-format json"
    variants = [
        {
            "title": name,
            "description": meaning,
            "properties": {"event": {"const": name}, **fields},
            "required": [*fields],
        }
        for name, (meaning, fields) in found.items()
    ]
    return titled(title, EVENTS_VERSION) | object_of(of_all) | {"oneOf": variants}


def status() -> Schema:
    """The document of `status --json`."""
    coverage = {state: count() for state in enum(State)["enum"]}
    properties = {
        "organization": text(),
        "in_sync": {**BOOLEAN, "description": "Whether everything is in sync"},
        "url": text_or_null("The handler's function URL"),
        "deep": BOOLEAN,
        "unread": UNREAD,
        "under_way": _UNDER_WAY,
        "stacks": list_of(object_of({
            "name": text(), "region": text(), "state": text_or_null(), "differs": BOOLEAN, "replaced_code": TEXTS,
            "damage": TEXTS,
        })),
        "additions": list_of(object_of({**INSTANCE, "addition": text(), "command": text("Removes it")})),
        "coverage": list_of(object_of({
            "stack_set": text(), "ou": text(), "region": text(), "desired": count("Instances that should exist"),
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
    return document("status", VERSION) | object_of(properties)


def doctor() -> Schema:
    """The document of `doctor --json`."""
    finding = object_of({"severity": enum(Severity), "message": text(), "next_step": text_or_null(), "commands": TEXTS})
    check = object_of({"check": text(), "title": text(), "result": enum(CheckStatus), "findings": list_of(finding)})
    probe = object_of({
        "account": ACCOUNT, "account_name": text_or_null(), "region": text(), "outcome": enum(ProbeStatus),
        "is_proven": {**BOOLEAN, "description": "Events are processed, and no repository is left"},
        "reason": text_or_null("A stable code"), "detail": text_or_null(),
        "left": text_or_null("Why the repository was not deleted"),
        "seconds": {**mapping_of({"type": "number"}), "description": "By part of the path"},
        "next_steps": TEXTS,
    })  # fmt: skip
    checked = object_of({"has_findings": BOOLEAN, "checks": list_of(check)})
    probed = object_of({"has_findings": BOOLEAN, "repository": text(), "probes": list_of(probe)})
    return document("doctor") | {"oneOf": [{"title": "checks", **checked}, {"title": "--probe", **probed}]}


SCHEMAS = {
    "plan": plan,
    "rollout": rollout,
    "rollout-events": events,
    "destroy": destroy,
    "status": status,
    "doctor": doctor,
}
