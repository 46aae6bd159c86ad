"""The schemas that CloudFormation publishes for each region, in the files of cfn-lint.

Without its import, which takes two seconds and 70 MB.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def _folder() -> Path:
    spec = find_spec("cfnlint")
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"


def types(region: str) -> dict[str, str]:
    """The names of a region's types, each with the name of its schema's file."""
    found: dict[str, str] = json.loads((_folder() / "providers" / f"{region}.json").read_text(encoding="utf-8"))
    return found


@cache
def regions() -> frozenset[str]:
    """Regions with schemas."""
    return frozenset(file.stem for file in (_folder() / "providers").glob("*.json")) - {"sam"}


@cache
def schema(region: str, type_: str) -> dict[str, Any]:
    """The schema of a type: properties, attributes, and the actions of its handlers."""
    file = _folder() / "resources" / f"{types(region)[type_]}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
