"""The Python of README.md uses only what exists."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def missing_in(code: str) -> Iterator[str]:
    """Missing modules, and missing attributes of modules, that a block imports."""
    tree = ast.parse(code)
    imported: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            imported |= {one.name: getattr(module, one.name, None) for one in node.names}
    yield from (name for name, value in imported.items() if value is None)
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    for node in attributes:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner in imported and not hasattr(imported[owner], node.attr):
            yield f"{owner}.{node.attr}"


def test_the_blocks_use_only_what_exists() -> None:
    assert len(BLOCKS) == 2
    assert [name for block in BLOCKS for name in missing_in(block)] == []


def test_a_missing_module_or_attribute_is_found() -> None:
    code = "from aws_org_sandbox.faults import Moment, Nothing\nMoment.AFTER\nMoment.NEVER"
    assert list(missing_in(code)) == ["Nothing", "Moment.NEVER"]
