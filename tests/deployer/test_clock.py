"""Time and waiting are arguments: only the outermost modules read the system clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import deployer

FOLDER = Path(deployer.__file__).parent
EDGES = ("clock.py", "cli/", "demo/")
"""What people watch in their own time, or run from the command line."""
READS = {"time.sleep", "time.time", "time.monotonic", "datetime.now", "date.today"}
MODULES = sorted(
    file.relative_to(FOLDER).as_posix()
    for file in FOLDER.rglob("*.py")
    if not file.relative_to(FOLDER).as_posix().startswith(EDGES)
)


@pytest.mark.parametrize("module", MODULES)
def test_no_other_module_reads_the_system_clock(module: str) -> None:
    tree = ast.parse((FOLDER / module).read_text(encoding="utf-8"))
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not found & READS


def test_the_clock_module_reads_the_system_clock() -> None:
    assert "datetime.now" in (FOLDER / "clock.py").read_text(encoding="utf-8")
    assert "aws/stack_sets.py" in MODULES
