"""Variables in texts of bake and compose files, filled in as the shell would. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from deployer.errors import ConfigurationError

LET_THE_CLIENT_READ_IT: Final = (
    "Let the client read it: `docker buildx bake --print | deployer ensure --file -`, or `docker compose config | …`."
)

_WORD: Final = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*"
"""What stands behind `:-`: text, with variables inside of variables two deep."""
_VARIABLE: Final = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<word>"
    rf"{_WORD}))?\}}|(?P<unread>\{{))",
    re.ASCII,
)


def interpolated(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Fill in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+other}`; `$$` is a dollar sign.

    A colon makes an empty value count as none. Raises ConfigurationError for a variable that has no value.
    """

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["unread"]:
            raise ConfigurationError(
                f"{where}: {text} has an expression that only the client can read",
                next_step=LET_THE_CLIENT_READ_IT,
            )
        name, how, word = match["bare"] or match["name"], match["how"] or "", match["word"] or ""
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

    return _VARIABLE.sub(value, text)
