"""A page of docs/: its prose from a file of tools/pages/, its tables from the code.

A file marks where a table or a name belongs by a word between double braces, as in `{{ alarms }}`.
"""

from __future__ import annotations

import re
from pathlib import Path

_PLACE = re.compile(r"\{\{ (?P<name>[a-z_]+) \}\}")


def render_page(name: str, /, **parts: str) -> str:
    """The text of `tools/pages/<name>.md` with every place filled.

    Raises ValueError unless the file has a place for each part and a part for each place.
    """
    prose = (Path(__file__).parent / "pages" / f"{name}.md").read_text(encoding="utf-8")
    places = {place["name"] for place in _PLACE.finditer(prose)}
    if places != parts.keys():
        raise ValueError(f"tools/pages/{name}.md: places and parts differ: {sorted(places ^ parts.keys())}")
    return _PLACE.sub(lambda place: parts[place["name"]], prose)
