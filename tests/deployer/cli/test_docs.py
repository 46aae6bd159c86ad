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
    assert {file.stem for file in (ROOT / "docs").glob("*.md")} == topics().keys()


def test_a_page_is_markdown_for_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "rollout"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "rollout.md").read_text(encoding="utf-8")


def test_a_page_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    for topic in topics():
        docs._show(page(topic))
    assert "## " not in out.getvalue()
    assert max(len(line) for line in out.getvalue().splitlines()) <= 80


def test_an_unknown_topic_names_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["docs", "rolout"]) == 64
    error = capsys.readouterr().err
    assert "'rolout'" in error
    assert "getting-started, glossary" in error
