"""docs/contributing/assumptions.md: complete, in sync with the code, and each with a check that a person can run."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from acceptance.catalogue import catalogue

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contributing" / "assumptions.md"
FIELDS = ("We rely on", "In code", "Evidence", "If it is false", "How to see it")
KINDS = ("documented", "model", "public report", "inference")
SOURCES = ("deployer", "templates", "handler", "contrib", "acceptance")
"""Where a number may be named; tests have other uses for A4."""

_SECTION = re.compile(r"^## A(?P<number>[1-9][0-9]?)\. (?P<title>.+)\n(?P<body>(?:(?!## ).*\n)*)", re.MULTILINE)
_FIELD = re.compile(r"^- \*\*(?P<name>[^*]+)\*\*: (?P<text>(?:.+\n?)(?:  .+\n?)*)", re.MULTILINE)
_PLACE = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>\w+)`")
_NUMBER = re.compile(r"\bA([1-9][0-9]?)\b(?!-)")


def assumptions() -> dict[int, dict[str, str]]:
    """The fields of each assumption, by number."""
    return {
        int(found["number"]): {field["name"]: field["text"].strip() for field in _FIELD.finditer(found["body"])}
        for found in _SECTION.finditer(PAGE.read_text(encoding="utf-8"))
    }


ALL = assumptions()


def places() -> list[tuple[int, str, str]]:
    """Number, file and name of every definition in code that the page names."""
    return [(number, *place) for number, fields in ALL.items() for place in _PLACE.findall(fields["In code"])]


@cache
def names(file: str) -> frozenset[str]:
    """What a file defines: functions, methods, classes and constants."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    targets = [node.targets if isinstance(node, ast.Assign) else [node.target]
               for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]  # fmt: skip
    return frozenset(found | {one.id for some in targets for one in some if isinstance(one, ast.Name)})


def named_in(text: str) -> set[int]:
    """The numbers of the assumptions that a text names."""
    return {int(number) for number in _NUMBER.findall(text)}


def test_the_numbers_have_no_gap() -> None:
    assert list(ALL) == list(range(1, len(ALL) + 1))
    assert len(ALL) >= 10


@pytest.mark.parametrize("number", ALL)
def test_an_assumption_has_all_of_its_fields(number: int) -> None:
    assert tuple(ALL[number]) == FIELDS
    assert ALL[number]["Evidence"].lower().startswith(KINDS)
    assert _PLACE.search(ALL[number]["In code"])
    assert number in named_in(ALL[number]["How to see it"]), "it names its check"


@pytest.mark.parametrize(("number", "file", "name"), places())
def test_code_that_depends_on_an_assumption_exists_and_names_it(number: int, file: str, name: str) -> None:
    assert name in names(file)
    assert number in named_in((ROOT / file).read_text(encoding="utf-8")), f"no comment of {file} names A{number}"


def test_every_number_that_code_and_pages_name_is_on_the_page() -> None:
    files = [
        file
        for folder in SOURCES
        for file in sorted((ROOT / folder).rglob("*.*"))
        if file.suffix in {".py", ".sh", ".md"}
    ]
    files += sorted((ROOT / "docs").glob("*.md"))
    found = {
        f"{file.relative_to(ROOT)}: A{number}"
        for file in files
        for number in named_in(file.read_text(encoding="utf-8")) - ALL.keys()
    }
    assert found == set()


def test_only_numbers_of_assumptions_are_read_from_text() -> None:
    assert named_in("rests on A3, (A12) and A4.") == {3, 12, 4}
    assert named_in("AA1 A0 BA2 A123 A4-sized") == set()


def test_every_assumption_has_a_check_that_can_be_run() -> None:
    assert {check.number for check in catalogue() if check.number is not None} == ALL.keys()
