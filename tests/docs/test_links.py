"""Every link of README.md, docs/ and contrib/ has a target, and the README its first screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.commands import ROOT, pages

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
_OUTSIDE = re.compile(r"[a-z]+:")

OTHERS = [
    ROOT / "contrib" / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "sandbox" / "README.md",
]
PAGES = [*pages(), *OTHERS, *sorted((ROOT / "docs" / "contributing" / "decisions").glob("*.md"))]


def prose(page: Path) -> str:
    """A page without its code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Headings as GitHub names them: lower case, words joined by hyphens, no other punctuation."""
    headings = (found["text"].replace("`", "") for found in _HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Broken links."""
    broken = []
    for link in _LINK.finditer(prose(page)):
        target = link["target"]
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        is_outside = _OUTSIDE.match(target)
        if not is_outside and (not there.exists() or (anchor and anchor not in anchors(there))):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_every_link_has_a_target(page: Path) -> None:
    assert broken_links(page) == []


def test_every_page_can_be_found() -> None:
    linked = {
        (page.parent / link["target"].partition("#")[0]).resolve()
        for page in PAGES
        for link in _LINK.finditer(prose(page))
        if not _OUTSIDE.match(link["target"])
    }
    assert [page.name for page in pages() if page not in linked and page.name != "README.md"] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Some `Heading`: here\n")
    page = tmp_path / "page.md"
    page.write_text("[a](other.md#some-heading-here) [b](gone.md) [c](other.md#nowhere) [d](https://example.com)\n")
    assert broken_links(page) == ["gone.md", "other.md#nowhere"]


def test_the_first_screen_has_a_sentence_the_picture_two_commands_and_the_table() -> None:
    _, sentence, picture, commands, table = (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")[:5]
    assert sentence.count(". ") == 0
    assert picture.startswith("![")
    assert [line[:2] for line in commands.splitlines()[1:-1]] == ["$ "] * 2
    assert table.startswith("| ")


def test_getting_started_begins_with_a_rehearsal() -> None:
    first = _HEADING.findall((ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8"))[1]
    assert first == "0. Rehearse on a copy of your organization"
