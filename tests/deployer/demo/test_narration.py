"""What the demo tells: everything within 80 columns, and nothing forgotten that was not seen."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.demo.narration import Narrator
from deployer.rendering.text import WIDTH, Line


class Page:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    def show(self, lines: Iterable[Line]) -> None:
        self.lines += lines

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def test_what_was_seen_is_counted() -> None:
    page = Page()
    narrator = Narrator(page.show)
    assert narrator.check("the sky is up", holds=True, because="a look")
    assert narrator.close()
    assert "✓ the sky is up: a look" in page.text
    assert "All of it was seen: 1 checks in 0 s." in page.text


def test_failed_checks_are_repeated_at_the_end() -> None:
    page = Page()
    narrator = Narrator(page.show)
    narrator.check("first", holds=True)
    assert not narrator.check("second", holds=False, because="third instead")
    page.lines.clear()
    assert not narrator.close()
    assert "Not seen, of 2 checks:" in page.text
    assert "✗ second: third instead" in page.text
    assert page.lines[-1].tone == "bad"


def test_chapters_are_numbered_and_lines_are_short() -> None:
    page = Page()
    narrator = Narrator(page.show)
    for title in ("One", "Two"):
        narrator.chapter(title, "many words " * 40)
    narrator.say("many words " * 40)
    narrator.command("deployer", *["--many-options"] * 20)
    assert [line.text for line in page.lines if line.tone == "heading"][:2] == ["1. One", "2. Two"]
    assert max(len(line.text) for line in page.lines) <= WIDTH
