"""No import cycles: neither at module level, nor within functions, nor for types.

import-linter holds the packages to that; cycles between a package and the modules in it are found here.
"""

from __future__ import annotations

import graphlib
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]


def test_imports_have_no_cycle() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    graph = grimp.build_graph(*project["tool"]["importlinter"]["root_packages"], cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 500
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, which names the modules of a cycle
