"""Lines of text with a tone, and how they are wrapped to a width. Pure; nothing prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from deployer.words import printable

Tone = Literal["", "heading", "add", "change", "remove", "bad", "quiet"]

WIDTH = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is shown, whatever characters the names in it have: Organizations allows any."""

    text: str
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


def wrapped(text: str, *, indent: int, tone: Tone = "", width: int = WIDTH) -> list[Line]:
    """Text broken at blanks; further lines are indented by two more."""
    pieces = wrap(
        text,
        width=width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(piece, tone) for piece in pieces]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, width: int | None = None) -> list[Line]:
    """Columns as wide as their widest cell, two blanks apart; where `width` is short, the first is shortened."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    if width is not None:
        widths[0] = min(widths[0], max(len(header[0]), width - sum(2 + other for other in widths[1:])))
    lines = [
        "  ".join(_shortened(cell, size).ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return [Line(lines[0], "heading"), *(Line(line) for line in lines[1:])]


def _shortened(text: str, size: int) -> str:
    """Both ends of a text that is too long: paths may differ at either."""
    if len(text) <= size:
        return text
    end = size // 2
    return f"{text[: size - end - 1]}…{text[len(text) - end :]}"
