"""Files of environment variables, as compose reads them. Pure.

https://docs.docker.com/reference/compose-file/interpolation/ and
https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax. python-dotenv has
other semantics: it replaces variables in single quotes too, and neither `$NAME` nor `${NAME:?}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from deployer.errors import ConfigurationError
from deployer.pushing.interpolation import interpolated

_SETTING: Final = re.compile(
    r"""
    ^[ \t]*(?:export[ \t]+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*
    (?:
      '(?P<literal>(?:[^'\\]|\\.)*)'
    | "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<plain>[^\n]*)
    )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_COMMENT: Final = " #"
"""What begins a comment behind a value that is not quoted."""
_ESCAPE: Final = re.compile(r"\\([abfnrtv$\"\\])")
_ESCAPED: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$", '"': '"', "\\": "\\",
}  # fmt: skip


def environment_file(text: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that a file sets, over which `variables` win.

    Values may name other variables, except in single quotes; quoted values may have several lines. Lines that set
    nothing are skipped, and so are values that cannot be determined: only an image that needs one is an error.
    """
    known: dict[str, str] = {}
    text = text.replace("\r\n", "\n")
    position = 0
    while setting := _SETTING.search(text, position):
        position = setting.end()
        if setting["plain"] is None:  # what follows the quotes on their line is a comment
            position = text.find("\n", position) if "\n" in text[position:] else len(text)
        name = setting["name"]
        if setting["literal"] is not None:
            known[name] = setting["literal"].replace("\\'", "'")
            continue
        with suppress(ConfigurationError):
            known[name] = interpolated(_template(setting), {**known, **variables}, where=name)
    return {**known, **variables}


def _template(setting: re.Match[str]) -> str:
    if setting["quoted"] is not None:
        return _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], setting["quoted"])
    return str(setting["plain"]).partition(_COMMENT)[0].strip()
