"""Functions of bake files whose results depend on their arguments alone. Pure.

https://docs.docker.com/build/bake/stdlib/, with the semantics of https://pkg.go.dev/github.com/zclconf/go-cty.
Functions that read a file are left out, and so are those that no reference to an image needs. What depends on the time
of a build or on chance gives UNKNOWN, which may be a part of a tag, but decides nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

Value = object
"""A value of HCL: text, number, bool, None, a list or a dict of values."""

UNKNOWN: Final = "\ue000"
"""Stands in a text for what only the build itself determines."""
_UNKNOWN_RESULTS: Final = frozenset({"timestamp", "formatdate", "formattimestamp", "timeadd", "uuidv4", "bcrypt"})
_NAMES: Final = """
coalesce coalescelist compact concat contains distinct element equal flatten format formatlist indexof join length
lookup lower merge notequal reverselist setproduct slice trimspace upper values zipmap
"""
_PASSING_ON: Final = frozenset(_NAMES.split())
"""Functions whose result is right whatever an unknown part of their arguments is, or that raise for it."""
_OF_TEXT: Final = frozenset(["regex_replace", "replace", "sanitize", "sha1", "sha256", "sha512", "substr", "md5"])
"""Functions whose result for an unknown text is an unknown text."""
_UNSANITARY: Final = re.compile(r"[^A-Za-z0-9_-]+")
_VERB: Final = re.compile(r"%([%sdvt])")


class HclError(ValueError):
    """An expression has no value; the message is the reason."""


class NotSupportedError(HclError):
    """An expression may have a value, but only bake can determine it."""


def text_of(value: Value) -> str:
    """A value as a template renders it. Raises HclError for null, lists and objects."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(int(value)) if float(value).is_integer() else str(value)
        case None:
            raise HclError("null has no text")
    raise HclError(f"a text is needed, and this is {'a list' if isinstance(value, list) else 'an object'}")


def has_unknown(value: Value) -> bool:
    """Whether a value depends on the time of the build."""
    match value:
        case str():
            return UNKNOWN in value
        case list():
            return any(map(has_unknown, value))
        case dict():
            return any(map(has_unknown, value.values()))
    return False


def _require_known(*values: Value) -> None:
    if any(map(has_unknown, values)):
        raise NotSupportedError("the result depends on the time of the build")


def called(name: str, arguments: list[Value]) -> Value:
    """The result of a function of bake. Raises HclError for one that is not supported, and for wrong arguments."""
    if name in _UNKNOWN_RESULTS:
        return UNKNOWN
    function = FUNCTIONS.get(name)
    if function is None:
        raise NotSupportedError(f"the function {name} is not supported")
    if name in _OF_TEXT and UNKNOWN in arguments:
        return UNKNOWN
    if name not in _PASSING_ON:
        _require_known(*arguments)
    return function(*arguments)


def is_true(value: Value) -> bool:
    """A condition, also as text. Raises HclError for anything but true and false."""
    _require_known(value)
    known = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in known:
        return known[value]
    raise HclError("a condition is neither true nor false")


def are_equal(left: Value, right: Value) -> bool:
    """Whether two values are equal; values of different types never are."""
    _require_known(left, right)
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def number_of(value: Value) -> float:
    """A number, also as text. Raises HclError for anything else."""
    _require_known(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise HclError("a number is needed")
    try:
        return value if isinstance(value, int) else float(value)
    except ValueError as error:
        raise HclError("a number is needed") from error


def _flat(values: list[Value]) -> Iterator[Value]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _distinct(values: list[Value]) -> list[Value]:
    kept: list[Value] = []
    for value in values:
        if not any(are_equal(value, other) for other in kept):
            kept.append(value)
    return kept


def _coalesce(*values: Value) -> Value:
    found = [value for value in values if value is not None]
    if not found:
        raise HclError("coalesce has only null")
    return found[0]


def _format(form: str, *values: Value) -> str:
    """The verbs %s, %d, %v and %t without widths, and %%."""
    if "%" in _VERB.sub("", form):
        raise NotSupportedError(f"the format {form!r} is not supported")
    rest = iter(values)
    try:
        return _VERB.sub(lambda verb: "%" if verb[1] == "%" else text_of(next(rest)), form)
    except StopIteration as error:
        raise HclError(f"the format {form!r} needs more values") from error


def _pattern(text: str) -> re.Pattern[str]:
    """A regular expression that Go and Python read alike."""
    if re.search(r"\(\?(?!:)|\\[pPQEzCx]|\[\[:", text):
        raise NotSupportedError(f"the pattern {text!r} is not supported")
    return re.compile(text)


def _regex(pattern: str, text: str) -> Value:
    """The first match, or its groups if the pattern has some."""
    if found := _pattern(pattern).search(text_of(text)):
        return list(found.groups()) or found[0]
    raise HclError(f"{pattern!r} matches nothing in {text!r}")


def _regex_replace(text: str, pattern: str, replacement: str) -> str:
    """With groups as `$1` and `${1}`."""
    template = re.sub(r"\$\{?(\d)\}?", r"\\g<\1>", replacement.replace("\\", "\\\\"))
    return _pattern(pattern).sub(template, text)


def _substr(text: str, offset: int, length: int) -> str:
    start = max(len(text) + offset, 0) if offset < 0 else offset
    return text[start:] if length < 0 else text[start : start + length]


def _element(values: list[Value], index: int) -> Value:
    if not values:
        raise HclError("element needs a list that is not empty")
    return values[int(index) % len(values)]


def _lookup(values: Mapping[str, Value], key: str, *default: Value) -> Value:
    if key not in values and not default:
        raise HclError(f"there is no {key!r}")
    return values.get(key, *default)


def _joined(separator: str, *lists: list[Value]) -> str:
    return separator.join(text_of(item) for values in lists for item in values)


def _hexadecimal(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "add": lambda left, right: number_of(left) + number_of(right),
    "basename": lambda path: PurePosixPath(path).name,
    "dirname": lambda path: str(PurePosixPath(path).parent),
    "greaterthan": lambda left, right: number_of(left) > number_of(right),
    "indexof": lambda values, value: next(index for index, one in enumerate(values) if are_equal(one, value)),
    "jsondecode": json.loads,
    "lessthan": lambda left, right: number_of(left) < number_of(right),
    "multiply": lambda left, right: number_of(left) * number_of(right),
    "regex": _regex,
    "regexall": lambda pattern, text: [
        list(found.groups()) or found[0] for found in _pattern(pattern).finditer(text_of(text))
    ],
    "setproduct": lambda *lists: [list(values) for values in itertools.product(*lists)],
    "sha512": _hexadecimal("sha512"),
    "subtract": lambda left, right: number_of(left) - number_of(right),
    "zipmap": lambda keys, values: dict(zip(keys, values, strict=True)),
    "and": lambda left, right: is_true(left) and is_true(right),
    "coalesce": _coalesce,
    "coalescelist": lambda *lists: next(values for values in lists if values),
    "compact": lambda values: [value for value in values if value],
    "concat": lambda *lists: [value for values in lists for value in values],
    "contains": lambda values, value: any(are_equal(value, other) for other in values),
    "distinct": _distinct,
    "element": _element,
    "equal": are_equal,
    "flatten": lambda values: list(_flat(values)),
    "format": _format,
    "formatlist": lambda form, values: [_format(form, value) for value in values],
    "join": _joined,
    "keys": sorted,
    "length": len,
    "lookup": _lookup,
    "lower": lambda text: text_of(text).lower(),
    "md5": _hexadecimal("md5"),
    "merge": lambda *maps: {key: value for one in maps for key, value in one.items()},
    "not": lambda value: not is_true(value),
    "notequal": lambda left, right: not are_equal(left, right),
    "or": lambda left, right: is_true(left) or is_true(right),
    "regex_replace": _regex_replace,
    "replace": lambda text, old, new: text_of(text).replace(old, new),
    "reverse": lambda text: text_of(text)[::-1],
    "reverselist": lambda values: values[::-1],
    "sanitize": lambda text: _UNSANITARY.sub(lambda found: "_" * len(found[0]), text_of(text)),
    "sha1": _hexadecimal("sha1"),
    "sha256": _hexadecimal("sha256"),
    "slice": lambda values, start, end: values[start:end],
    "sort": sorted,
    "split": lambda separator, text: text_of(text).split(separator),
    "strlen": lambda text: len(text_of(text)),
    "substr": _substr,
    "trim": lambda text, characters: text_of(text).strip(characters),
    "trimprefix": lambda text, prefix: text_of(text).removeprefix(prefix),
    "trimspace": lambda text: text_of(text).strip(),
    "trimsuffix": lambda text, suffix: text_of(text).removesuffix(suffix),
    "upper": lambda text: text_of(text).upper(),
    "values": lambda one: [one[key] for key in sorted(one)],
}
