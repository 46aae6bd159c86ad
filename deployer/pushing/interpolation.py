"""Variables in texts of bake and compose files, filled in as the shell would. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from deployer.errors import ConfigurationError

LET_THE_CLIENT_READ_IT: Final = (
    "Let the client read it: `docker buildx bake --print | deployer ensure --file -`, or `docker compose config | …`."
)

_BEGIN: Final = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*)|(?P<brace>\{))", re.ASCII)
_EXPRESSION: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<word>.*))?", re.ASCII | re.DOTALL)
_BRACE: Final = re.compile(r"\$\{|\}")


def interpolated(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Fill in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+other}`; `$$` is a dollar sign.

    A colon makes an empty value count as none; a default may have variables, at any depth. Raises ConfigurationError
    for a variable that has no value.
    """
    parts, position = [], 0
    while found := _BEGIN.search(text, position):
        parts.append(text[position : found.start()])
        position = found.end()
        if found["escaped"]:
            parts.append("$")
            continue
        expression = found["name"]
        if found["brace"]:
            end = _closing_brace(text, position)
            expression, position = text[position:end] if end < len(text) else "", end + 1
        parts.append(_value(expression, text, variables, where=where))
    return "".join([*parts, text[position:]])


def _closing_brace(text: str, position: int) -> int:
    """Where the brace is that closes an expression, beyond the expressions inside it; the end if there is none."""
    depth = 1
    for brace in _BRACE.finditer(text, position):
        depth += 1 if brace[0] == "${" else -1
        if depth == 0:
            return brace.start()
    return len(text)


def _value(expression: str, text: str, variables: Mapping[str, str], *, where: str) -> str:
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise ConfigurationError(
            f"{where}: {text} has an expression that only the client can read", next_step=LET_THE_CLIENT_READ_IT
        )
    name, how, word = match["name"], match["how"] or "", match["word"] or ""
    found = variables.get(name)
    is_set = bool(found) if how.startswith(":") else found is not None
    if how.endswith("+"):
        return interpolated(word, variables, where=where) if is_set else ""
    if is_set:
        return str(found)
    if how.endswith("-"):
        return interpolated(word, variables, where=where)
    raise ConfigurationError(
        f"{where}: {name} has no value in {text}{f' ({word})' if word else ''}",
        next_step=f"Set {name} in the environment, as for the build itself.",
    )
