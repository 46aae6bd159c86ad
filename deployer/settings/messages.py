"""Violations of a file's schema: each of pydantic's errors as a problem with its source location."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deployer.settings.problems import Problem
from deployer.settings.yaml_source import KeyPath, YamlSource, key_text

MOST_HINTS = 200
"""Unknown keys of a file that get a hint, since looking for one takes most of the time of a check."""
_KINDS = {dict: "a map", list: "a list", str: "a string", bool: "true or false", int: "a number", float: "a number"}
_EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "list_type": "a list",
    "dict_type": "a map of keys and values",
    "model_type": "a map of keys and values",
    "model_attributes_type": "a map of keys and values",
}
_HINTS = {
    "MUTABLE_WITH_EXCLUSION": "write MUTABLE and list the exclusions as mutability_exclusions",
    "IMMUTABLE_WITH_EXCLUSION": "write IMMUTABLE and list the exclusions as mutability_exclusions",
}


def check(source: YamlSource, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Every violation of the schema; locations with a problem of the YAML itself are omitted."""
    try:
        model.model_validate(source.data)
    except ValidationError as invalid:
        refused = {_position(problem) for problem in source.problems if problem.is_error}
        return tuple(problem for problem in _problems(source, model, invalid) if _position(problem) not in refused)
    return ()


def _position(problem: Problem) -> tuple[str, int, int]:
    return problem.key, problem.line, problem.column


def _problems(source: YamlSource, model: type[BaseModel], invalid: ValidationError) -> Iterator[Problem]:
    unknown = 0
    for error in invalid.errors(include_url=False):
        unknown += error["type"] == "extra_forbidden"
        of_key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
        path: KeyPath = tuple(part for part in error["loc"] if part != "[key]")
        has_hint = error["type"] != "extra_forbidden" or unknown <= MOST_HINTS
        message = _message(error, source, model, path) if has_hint else "unknown key"
        yield source.problem(path, message, of_key=of_key)


def _message(error: ErrorDetails, source: YamlSource, model: type[BaseModel], path: KeyPath) -> str:
    kind = error["type"]
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), model, path[:-1])
    if kind == "missing":
        return "missing required key"
    if kind == "literal_error":
        return _unknown_word(error["input"], error["ctx"]["expected"])
    return _wrong_type(error, source.written.get(path))


def _wrong_type(error: ErrorDetails, written: str | None) -> str:
    kind, given = error["type"], error["input"]
    if given is None:
        is_key_of_map = kind == "model_type" and isinstance(error["loc"][-1], str)
        return "must not be null here" + ": leave it out, or name the keys to reset" * is_key_of_map
    if kind == "string_type":
        written = written or _unquoted_placeholder(given)
        return f'must be a string: write "{written}"' if written else f"must be a string, not {_kind(given)}"
    if kind == "list_type" and isinstance(given, str):
        return f'must be a list: write ["{given}"]'
    return f"must be {_EXPECTED[kind]}, not {_kind(given)}" if kind in _EXPECTED else str(error["msg"])


def _unquoted_placeholder(value: object) -> str | None:
    """`{principal}` without quotes is a map with one key and no value."""
    return f"{{{next(iter(value))}}}" if isinstance(value, dict) and list(value.values()) == [None] else None


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= 40 else "a string"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else _KINDS.get(type(value), "this")


def _unknown_key(key: str, model: type[BaseModel], parent: KeyPath) -> str:
    known = sorted(keys_at(model, parent))
    near = nearest(key, known)
    if near:
        return f"unknown key; did you mean `{near}`?"
    elsewhere = list(_all_keys(model))
    plain = _plain(key)
    same = [path for path in elsewhere if _plain(str(path[-1])) == plain]
    matches = same or [path for path in elsewhere if plain in _plain(str(path[-1]))]
    if matches:
        return f"unknown key here; did you mean `{key_text(matches[0])}`?"
    return "unknown key; known here: " + ", ".join(known)


def _unknown_word(given: object, expected: str) -> str:
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    expected_words = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    if isinstance(given, str) and given in _HINTS:
        return f"must be {expected_words}: {_HINTS[given]}"
    near = nearest(str(given), words)
    return f"must be {expected_words}, not {_kind(given)}" + (f"; did you mean {near}?" if near else "")


def nearest(word: str, known: list[str]) -> str | None:
    """The most similar known word; None if none is similar."""
    folded = {_plain(item): item for item in known}
    plain = _plain(word)
    if plain in folded:
        return folded[plain]
    near = difflib.get_close_matches(plain, folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def _plain(word: str) -> str:
    """A word without capitals, underscores and hyphens."""
    return word.strip().casefold().replace("_", "").replace("-", "")


def keys_at(model: type[BaseModel], path: KeyPath) -> set[str]:
    """Keys that a model knows at a path."""
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner = model_in(field.annotation) if field else None
        if inner is None:
            return set()
        model = inner
    return set(model.model_fields)


def model_in(annotation: object) -> type[BaseModel] | None:
    """The model inside a type such as `Model | None` or `list[Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if found := model_in(argument):
            return found
    return None


def _all_keys(model: type[BaseModel], at: KeyPath = ()) -> Iterator[KeyPath]:
    for name, field in model.model_fields.items():
        yield (*at, name)
        if inner := model_in(field.annotation):
            yield from _all_keys(inner, (*at, name))
