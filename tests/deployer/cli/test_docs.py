"""`deployer docs`, and the pages that help and messages name."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import pytest

from deployer.cli import docs
from deployer.cli.main import run
from deployer.documentation import page, topics

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "deployer").rglob("*.py"))


def _texts(file: Path) -> list[str]:
    """The strings of a module; its docstrings only if they are the help of commands."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if file.parent.name == "cli":
        return strings
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    return [text for text in strings if text not in docstrings]


def test_help_and_messages_name_pages_by_a_command_that_shows_them() -> None:
    texts = [" ".join(text.split()) for file in SOURCES for text in _texts(file)]
    named = {name for text in texts for name in re.findall(r"`deployer docs ([a-z-]+)`", text)}
    assert len(named) > 5
    assert named <= topics().keys()
    assert [text for text in texts if re.search(r"docs/[a-z-]+\.md", text)] == []


def test_without_a_topic_it_lists_every_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs"]) == 0
    out = capsys.readouterr().out
    assert "getting-started  Getting started in a real organization" in out
    pages = (file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md"))
    assert {page.with_suffix("").as_posix() for page in pages} == topics().keys()
    assert "\nFor contributors: contributing/acceptance, contributing/architecture," in out
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize("name", ["contributing/assumptions", "docs/contributing/assumptions.md"])
def test_a_page_that_others_link_to_is_read_by_its_path(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", name]) == 0
    assert capsys.readouterr().out.startswith("# Assumptions")


def test_an_unknown_page_is_wrong_usage_that_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "trobleshooting"]) == 64
    assert "no page is named 'trobleshooting'; did you mean troubleshooting?" in capsys.readouterr().err
    assert run(["docs", "xyz"]) == 64
    assert "`deployer docs` lists all" in " ".join(capsys.readouterr().err.split())


def test_a_page_is_markdown_for_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "rollout"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "rollout.md").read_text(encoding="utf-8")


def test_a_page_is_rendered_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    for topic in topics():
        docs._show(page(topic))
    assert "## " not in out.getvalue()
    assert max(len(line) for line in out.getvalue().splitlines()) <= 80
