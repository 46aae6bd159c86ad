"""A page of docs/: its prose from a file of tools/pages/, its tables from the code.

A placeholder for a table or a name is a word between double braces, as in `{{ alarms }}`.
"""

from __future__ import annotations

import re
from pathlib import Path

_PLACEHOLDER = re.compile(r"\{\{ (?P<name>[a-z_]+) \}\}")


def render_page(name: str, /, **parts: str) -> str:
    """The text of `tools/pages/<name>.md` with every placeholder replaced.

    Raises ValueError unless placeholders and parts match.
    """
    prose = (Path(__file__).parent / "pages" / f"{name}.md").read_text(encoding="utf-8")
    placeholders = {found["name"] for found in _PLACEHOLDER.finditer(prose)}
    if placeholders != parts.keys():
        raise ValueError(f"tools/pages/{name}.md: placeholders and parts differ: {sorted(placeholders ^ parts.keys())}")
    return _PLACEHOLDER.sub(lambda found: parts[found["name"]], prose)
