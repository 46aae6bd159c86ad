"""What commands about config files and the organization print with --json."""

from __future__ import annotations

from deployer.organization import SNAPSHOT_VERSION
from deployer.settings.problems import Severity
from deployer.settings.verdicts import VerdictOutcome
from handler.settings import Engine
from tools.schemas.parts import (
    ACCOUNT,
    LOCATION,
    TEXTS,
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

_VALUES = list_of(object_of({
    "key": text("Its keys, joined by dots"), "value": {"description": "As in the files"},
    "set_by": or_null(LOCATION, "null for a built-in default"),
    "reset_by": or_null(LOCATION, "The `null` that restored the default"),
}))  # fmt: skip


def _verdict() -> Schema:
    creator = object_of({
        "engine": enum(Engine),
        "template": text_or_null("The prefix of ECR's creation template"),
        "put_afterwards": TEXTS,
        "bypassed": TEXTS,
        "created_with": mapping_of({}),
        "reason": text_or_null("Why the handler creates it although the engine is native"),
    })  # fmt: skip
    return object_of({
        "outcome": enum(VerdictOutcome), "reason": text("A stable code"), "sentence": text(), "detail": text(),
        "rules": list_of(object_of({"rule": text(), "set_by": or_null(LOCATION, "null for a built-in default")})),
        "per_hour": or_null(count(), "create.limit.per_hour"),
        "creator": or_null(creator, "What creates the repository"),
        "account": text_or_null(), "account_name": text_or_null(), "ou_path": text_or_null(),
        "region": text_or_null(), "repository": text_or_null(), "principal": text_or_null(),
        "repository_settings": or_null(mapping_of({}), "The key `repository` of the files, merged"),
        "repository_values": _VALUES,
        "tags": mapping_of(text()),
    })  # fmt: skip


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
    return document("validate") | object_of(properties)


def explain() -> Schema:
    """The document of `explain --json`."""
    native = object_of({
        "templates": TEXTS, "denied": TEXTS,
        "handler": list_of(object_of({"names": text(), "reason": text()})),
        "over_denied": list_of(object_of({"denied": text(), "example": text()})),
        "bypassed": TEXTS,
    })  # fmt: skip
    found = object_of({
        "kind": {"enum": ["account", "ou"]}, "id": text(), "name": text(), "ou_path": text(),
        "state": text_or_null("Of an account"),
        "files": list_of(text(), description="From the organization's down to its own"),
        "settings": _VALUES,
        "native": or_null(native, "What ECR creates during pushes; null with `engine: handler`"),
    })  # fmt: skip
    found["properties"]["decision"] = {**_verdict(), "description": "If a repository was named"}
    return document("explain") | found


def simulate() -> Schema:
    """The document of `simulate --json`."""
    return document("simulate") | {
        "$defs": {"verdict": _verdict()},
        "oneOf": [
            {"$ref": "#/$defs/verdict"},
            {**list_of({"$ref": "#/$defs/verdict"}), "description": "For a file that holds a list"},
        ],
    }


def synth() -> Schema:
    """The document of `synth --json`."""
    return document("synth") | object_of({"files": TEXTS, "handler_digest": text("Of the handler's zip")})


def organization() -> Schema:
    """The document of `organization show --json`, and the file of `organization snapshot`."""
    ou = object_of({"id": text(), "name": text(), "parent_id": text_or_null("null for the root")})
    account = object_of({"id": ACCOUNT, "name": text(), "parent_id": text(), "state": text()})
    properties = {
        "version": {"const": SNAPSHOT_VERSION},
        "id": text(),
        "management_account_id": ACCOUNT,
        "ous": list_of(ou),
        "accounts": list_of(account),
    }
    return document("organization show", SNAPSHOT_VERSION) | object_of(properties)


SCHEMAS = {
    "validate": validate,
    "explain": explain,
    "simulate": simulate,
    "synth": synth,
    "organization-show": organization,
}
