"""Templates of HCL as literal text and the code of expressions: `$${` is `${`. Pure.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from deployer.pushing.hcl_functions import HclError, NotSupportedError

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Code:
    """The expression between `${` and its brace."""

    text: str


def template_parts(text: str) -> Iterator[str | Code]:
    """What a template consists of. Raises HclError for an expression that is not closed."""
    position = literal = 0
    while (start := text.find("{", position)) >= 0:
        position = start + 1
        mark = text[max(start - 1, literal) : start]
        if mark not in {"$", "%"}:
            continue
        if text[max(start - 2, literal) : start] == mark * 2:
            yield text[literal : start - 1]
            literal = start
        elif mark == "%":
            raise NotSupportedError("directives in templates are not supported")
        else:
            if start - 1 > literal:
                yield text[literal : start - 1]
            end = _end_of_expression(text, start + 1)
            yield Code(text[start + 1 : end])
            position = literal = end + 1
    if literal < len(text) or not text:
        yield text[literal:]


def _end_of_expression(text: str, start: int) -> int:
    """Where the brace is that closes an expression, beyond the braces and texts inside it."""
    depth, position = 0, start
    while position < len(text):
        if quoted := _QUOTED.match(text, position):
            position = quoted.end()
            continue
        if text[position] == "}" and not depth:
            return position
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
    raise HclError(f"an expression is not closed: {text}")
