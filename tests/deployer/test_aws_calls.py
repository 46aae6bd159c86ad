"""Only `deployer.aws` creates AWS clients and calls them: other modules pass a session on or use Protocols."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import deployer

FOLDER = Path(deployer.__file__).parent
EDGES = ("aws/", "demo/")
"""The demo checks the sandbox with the sandbox's own clients."""
MAKES_OR_CALLS = {
    "client",
    "resource",
    "ecr_client",
    "cloudformation_for_optional_reads",
    "get_paginator",
    "get_waiter",
}


def uses(file: Path) -> set[str]:
    """Names of the methods that a module calls."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }


MODULES = sorted(
    file.relative_to(FOLDER).as_posix()
    for file in FOLDER.rglob("*.py")
    if not file.relative_to(FOLDER).as_posix().startswith(EDGES)
)


@pytest.mark.parametrize("module", MODULES)
def test_no_other_module_creates_or_calls_a_client(module: str) -> None:
    assert not uses(FOLDER / module) & MAKES_OR_CALLS


def test_adapters_create_or_call_clients() -> None:
    assert {"client", "ecr_client", "get_paginator"} <= {
        name for file in (FOLDER / "aws").glob("*.py") for name in uses(file)
    }
    assert "composition/installation.py" in MODULES
