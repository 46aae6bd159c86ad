"""Values of policy documents, read in the same way by every check of repository policies."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping

from deployer.settings.yaml_source import KeyPath

Found = Iterator[tuple[KeyPath, str]]
Policy = Mapping[str, object]

MAX_SHOWN = 120


def listed(value: object, at: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    """The items of a list, or a single value, each with its location; nothing for a missing value."""
    if isinstance(value, list):
        yield from (((*at, index), item) for index, item in enumerate(value))
    elif value is not None:
        yield at, value


def shown(value: object) -> str:
    """A value for a message, shortened to 120 characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def unknown_keys(value: Policy, known: Collection[str], at: KeyPath) -> Found:
    """ECR refuses keys that it does not know; their case matters."""
    by_lower_case = {key.lower(): key for key in known}
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(key.lower(), by_lower_case, n=1, cutoff=0.6)
            hint = f"did you mean {by_lower_case[near[0]]}?" if near else "known here: " + ", ".join(known)
            yield (*at, key), f"unknown key, which ECR refuses; {hint}"
