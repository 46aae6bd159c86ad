"""The demo's progress: lines fit 80 columns, and failed checks are listed again at the end."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.demo.progress import Progress
from deployer.rendering.text import WIDTH, Line


class Page:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    def show(self, lines: Iterable[Line]) -> None:
        self.lines += lines

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def test_passed_checks_are_counted() -> None:
    page = Page()
    progress = Progress(page.show)
    assert progress.check("repository exists", holds=True, because="IMMUTABLE")
    assert progress.close()
    assert "✓ repository exists: IMMUTABLE" in page.text
    assert "All 1 checks passed in 0 s." in page.text


def test_failed_checks_are_repeated_at_the_end() -> None:
    page = Page()
    progress = Progress(page.show)
    progress.check("first", holds=True)
    assert not progress.check("second", holds=False, because="exit code 1")
    page.lines.clear()
    assert not progress.close()
    assert "1 of 2 checks failed:" in page.text
    assert "✗ second: exit code 1" in page.text
    assert page.lines[-1].tone == "bad"


def test_chapters_are_numbered_and_lines_are_short() -> None:
    page = Page()
    progress = Progress(page.show)
    for title in ("One", "Two"):
        progress.chapter(title, "many words " * 40)
    progress.write("many words " * 40)
    progress.command("deployer", *["--many-options"] * 20)
    assert [line.text for line in page.lines if line.tone == "heading"][:2] == ["1. One", "2. Two"]
    assert max(len(line.text) for line in page.lines) <= WIDTH


def test_the_paragraphs_of_an_introduction_stay_apart() -> None:
    page = Page()
    Progress(page.show).chapter("One", "The first.\n\nThe second.")
    assert page.text == "\n1. One\n   The first.\n\n   The second."
