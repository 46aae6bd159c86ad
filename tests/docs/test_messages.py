"""Messages and helps name pages and headings that exist, and no file that only a clone has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.docs.commands import ROOT
from tests.docs.test_links import anchors

_TOPIC = re.compile(r"`deployer docs (?P<topic>[a-z/-]+)`(?:, section (?P<heading>[^.]+)\.)?")
_FILE = re.compile(r"docs/[\w/-]+\.md")
FOLDERS = ("deployer", "handler", "templates")


def texts(source: str) -> Iterator[str]:
    """Every string of a module but docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def sources() -> dict[str, str]:
    """The modules that are installed, by path."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def broken(source: str) -> list[str]:
    """Topics and sections of `deployer docs` that do not exist."""
    found = []
    for mention in _TOPIC.finditer(source):
        page = ROOT / "docs" / f"{mention['topic']}.md"
        heading = (mention["heading"] or "").replace("`", "").lower().replace(" ", "-")
        if not page.exists() or (heading and heading not in anchors(page)):
            found.append(mention[0])
    return found


def test_topics_and_sections_exist() -> None:
    modules = sources()
    assert {name: broken(source) for name, source in modules.items() if broken(source)} == {}
    mentioning = [source for source in modules.values() if "section" in source]
    sections = [text for source in mentioning for text in texts(source) if ", section " in text]
    assert len(sections) >= 2
    assert all(not broken(text) for text in sections)


def test_messages_name_no_files_of_a_clone() -> None:
    modules = sources()
    assert len(modules) > 100
    named = {
        name: found
        for name, source in modules.items()
        if "docs" in source  # most do not: they need not be parsed
        for text in texts(source)
        if (found := _FILE.findall(text))
    }
    assert named == {}


def test_a_broken_mention_is_found() -> None:
    assert broken("`deployer docs nowhere`") == ["`deployer docs nowhere`"]
    assert broken("`deployer docs operations`, section Nowhere at all.")
    assert not broken("`deployer docs operations`, section Move the installation.")
    assert _FILE.findall("as docs/permissions.md describes") == ["docs/permissions.md"]
