"""Holds what commands print for programs to the schemas of docs/, with no field that they lack."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

DOCS = Path(__file__).parents[2] / "docs"


def schema(name: str) -> dict[str, Any]:
    """docs/<name>.schema.json."""
    found: dict[str, Any] = json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


def check_document(document: Any, name: str) -> None:
    """Fail unless a document is as its schema describes it, every field included."""
    printed = json.loads(json.dumps(document))
    assert [_explained(error) for error in _validator(name).iter_errors(printed)] == []


def check_lines(text: str, *, last: str) -> list[Any]:
    """The JSON lines, which are as their schema describes them and end with the event `last`."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[-1]["event"] == last
    for line in lines:
        check_document(line, "rollout-events")
    return lines


def _explained(error: ValidationError) -> str:
    return f"{error.json_path}: {error.message}: {[f'{one.json_path}: {one.message}' for one in error.context or ()]}"


@cache
def _validator(name: str) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema(name))
    return Draft202012Validator(_strict(schema(name)), format_checker=FormatChecker())


def _strict(one: Any) -> Any:
    """The same without the fields that later versions may add."""
    if isinstance(one, list):
        return [_strict(item) for item in one]
    if not isinstance(one, dict):
        return one
    strict = {key: _strict(value) for key, value in one.items()}
    is_object = one.get("type") == "object" and "additionalProperties" not in one
    return strict | {"unevaluatedProperties": False} if is_object else strict
