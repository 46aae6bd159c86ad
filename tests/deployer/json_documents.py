"""Checks the JSON output of commands by the schemas of docs/schemas/, without additional fields."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def schema(name: str) -> dict[str, Any]:
    """docs/schemas/<name>.json."""
    found: dict[str, Any] = json.loads(_file(name).read_text(encoding="utf-8"))
    return found


def _file(name: str) -> Path:
    return FOLDER / f"{name}.json"


def check_document(document: Any, name: str) -> None:
    """Fail unless a document follows its schema, without additional fields."""
    printed = json.loads(json.dumps(document))
    assert [_explained(error) for error in _validator(name).iter_errors(printed)] == []


def check_output(arguments: Sequence[str], out: str) -> None:
    """Fail unless the JSON output of a command follows its schema."""
    if out and "--json" in arguments:
        words = [word for word in arguments if not word.startswith("-")]
        known = [name for number in (3, 2, 1) if _file(name := "-".join(words[:number])).exists()]
        is_endless = "--follow" in arguments
        check_document([json.loads(line) for line in out.splitlines()] if is_endless else json.loads(out), known[0])


def check_lines(text: str, *, last: str) -> list[Any]:
    """The JSON lines, after checking that they follow their schema and end with the event `last`."""
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
    """The schema without additional fields, which later versions may add."""
    if isinstance(one, list):
        return [_strict(item) for item in one]
    if not isinstance(one, dict):
        return one
    strict = {key: _strict(value) for key, value in one.items()}
    is_object = one.get("type") == "object" and "additionalProperties" not in one
    return strict | {"unevaluatedProperties": False} if is_object else strict
