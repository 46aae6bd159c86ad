"""The tests in docs/contributing/guarantees.md exist, and those of an invariant have its number."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTIONS = re.split(
    r"^## ", (ROOT / "docs" / "contributing" / "guarantees.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
INVARIANTS = 6


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("file", "name"), sorted({match for text in SECTIONS for match in NAMED.findall(text)}))
def test_every_named_test_exists(file: str, name: str) -> None:
    assert name in functions(file)


@pytest.mark.parametrize("number", range(1, INVARIANTS + 1))
def test_every_invariant_has_tests_with_its_number(number: int) -> None:
    (section,) = [text for text in SECTIONS if text.startswith(f"{number}. ")]
    named = [name for _, name in NAMED.findall(section)]
    assert len(named) >= 2
    assert [name for name in named if not carries(name, number)] == []


def carries(name: str, number: int) -> bool:
    """Whether `test_invariant_3_…` or `test_invariants_3_4_and_5_…` has the number."""
    found = re.match(r"test_invariants?_((?:\d_|and_)+)", name)
    return found is not None and str(number) in found[1].split("_")


def test_the_three_tests_of_all_invariants_have_all_numbers() -> None:
    named = [name for _, name in NAMED.findall(SECTIONS[0]) if name.startswith("test_invariants_")]
    assert len(named) == 3
    assert all(carries(name, number) for name in named for number in range(1, INVARIANTS + 1))
