"""Reads the JSON that another command printed and a person may have edited since."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import GenericAlias
from typing import NoReturn, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter

from handler.json_values import JsonValue

T = TypeVar("T")

_LARGEST = 2**63
"""Above any number that deployer prints; larger ones overflow when they are divided."""


class DocumentError(ValueError):
    """The text is not a document of this command, or a value in it has another type."""


def read_document(text: str, parse: Callable[[JsonValue], T]) -> T:
    """What `parse` makes of the text, a dataclass, with each field of its declared type; raises DocumentError."""
    try:
        document = json.loads(text, parse_int=_integer, parse_constant=_refuse)
        json.dumps(document, ensure_ascii=False).encode()  # halves of surrogate pairs cannot be written to a page
        parsed = parse(document)
        _check_types(parsed)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DocumentError(str(error)) from error
    return parsed


def _check_types(parsed: object) -> None:
    """Raise ValueError unless each field has the declared type; a tuple, since a dataclass alone takes no config."""
    kind: object = GenericAlias(tuple, (type(parsed),))
    adapter: TypeAdapter[object] = TypeAdapter(
        cast("type[object]", kind), config=ConfigDict(revalidate_instances="always", strict=True)
    )
    adapter.validate_python((parsed,))


def _integer(digits: str) -> int:
    number = int(digits)
    if abs(number) > _LARGEST:
        raise ValueError("a number is too large")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
