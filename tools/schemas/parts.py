"""Parts of the schemas of docs/schemas/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

Schema = dict[str, Any]

MORE = "Fields, events and values may be added without a new version: ignore unknown ones."


def object_of(properties: Mapping[str, Any], *, description: str = "") -> Schema:
    """An object that has all of these; others may come later."""
    found: Schema = {"type": "object", "properties": dict(properties), "required": list(properties)}
    return found | ({"description": description} if description else {})


def list_of(items: Schema, *, description: str = "") -> Schema:
    """A list of these."""
    found: Schema = {"type": "array", "items": items}
    return found | ({"description": description} if description else {})


def text(description: str = "") -> Schema:
    """Any text."""
    return {"type": "string"} | ({"description": description} if description else {})


def text_or_null(description: str = "") -> Schema:
    """Text, or null."""
    return {"type": ["string", "null"]} | ({"description": description} if description else {})


def count(description: str = "") -> Schema:
    """A number from 0 on."""
    return {"type": "integer", "minimum": 0} | ({"description": description} if description else {})


def enum(literal: Any) -> Schema:
    """One value of a Literal."""
    return {"enum": list(get_args(literal))}


def seconds(description: str = "") -> Schema:
    """A duration."""
    return {"type": "number", "minimum": 0} | ({"description": description} if description else {})


def mapping_of(values: Schema) -> Schema:
    """An object whose keys vary."""
    return {"type": "object", "additionalProperties": values}


def or_null(schema: Schema, description: str = "") -> Schema:
    """A value, or null."""
    return {"anyOf": [schema, {"type": "null"}]} | ({"description": description} if description else {})


BOOLEAN: Schema = {"type": "boolean"}
TEXTS = list_of(text())
TIME: Schema = {"type": "string", "format": "date-time", "description": "UTC, with Z"}
TIME_OR_NULL = or_null(TIME)
ACCOUNT: Schema = {"type": "string", "pattern": "^[0-9]{12}$"}
PLACE = {
    "account": ACCOUNT,
    "name": text_or_null("null if the account has left the organization"),
    "ou": text("The path of its OU"),
}
INSTANCE = {**PLACE, "region": text()}
LOCATION = object_of({"file": text(), "line": count(), "column": count()})


def document(command: str, version: int = 1) -> Schema:
    """What the schema of the document of a command begins with."""
    return titled(f"What `deployer {command} --json` prints", version)


def titled(title: str, version: int) -> Schema:
    """What every schema begins with."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": f"Version {version}. {MORE}",
    }
