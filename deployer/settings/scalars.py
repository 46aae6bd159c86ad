"""The values of unquoted words: YAML 1.2's core schema, without whatever YAML 1.1 reads differently.

Editors, linters and this tool may use different versions of YAML. So `yes`, `on`, `010` and `1_000` are refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

Plain = str | int | float | bool | None

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_UNCERTAIN_NUMBER = re.compile(r"[-+]?(0[0-9_]+|[0-9]+_[0-9_]*|0x[0-9a-fA-F_]+|0o[0-7]+|0b[01_]+)")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NO_FINITE_NUMBERS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MOST_DIGITS = 20
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class Resolved(NamedTuple):
    """A value, and the reason if it is refused."""

    value: Plain
    problem: str | None = None


def resolve(text: str) -> Resolved:
    """The value of an unquoted scalar."""
    if text in _NULLS:
        return Resolved(None)
    if text in _BOOLEANS:
        return Resolved(_BOOLEANS[text])
    if problem := _uncertainty(text):
        return Resolved(text, problem)
    if _INTEGER.fullmatch(text):
        return Resolved(int(text))
    if _NO_FINITE_NUMBERS.fullmatch(text):
        return Resolved(float(text.replace(".", "")))
    return Resolved(float(text) if _FLOAT.fullmatch(text) else text)


def _uncertainty(text: str) -> str | None:
    """The reason why YAML parsers read a word differently, if they do."""
    if value := _OLD_BOOLEANS.get(text.lower()):
        return f'`{text}` is {value} to some YAML parsers: write {value}, or "{text}" for the word'
    if _ACCOUNT_ID.fullmatch(text):
        return f'an unquoted account id is a number and can lose its leading zeros: write "{text}"'
    if _UNCERTAIN_NUMBER.fullmatch(text):
        return f'`{text}` is not the same number to all YAML parsers: write "{text}" or a plain decimal'
    if _INTEGER.fullmatch(text) and len(text) > _MOST_DIGITS:
        return f"a number of {len(text)} digits, which YAML parsers may round: put it in quotes"
    return None
