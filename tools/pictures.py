"""docs/demo.svg: a push whose repository is created, and one that an OU's rules refuse, as `make demo` prints them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

SHOWN = ("Push to repositories that do not exist", "Push what an OU's rules refuse")
"""The chapters of the demo whose first push is in the picture."""

_CHAPTER = r"^\d+\. {title}$\n(?P<body>.*?)(?=^\d+\. |\Z)"
_DURATION = re.compile(r" \(\d+\.\d s after the push began\)")
_DIGEST = re.compile(r":\s+sha256:[0-9a-f]{64}")
_WIDTH, _HEIGHT, _MARGIN = 7.8, 19, 18
_COLORS = {"": "#c9d1d9", "heading": "#ffffff", "good": "#7ee787", "bad": "#ffa657"}
_STYLE = "font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def demo_picture(output: str) -> str:
    """An SVG from the output of the demo; ValueError if it lacks a push that the picture shows.

    Durations and digests are left out, so that every run has the same picture.
    """
    lines: list[str] = []
    for title in SHOWN:
        lines += [*([""] if lines else []), title, *_first_push(output, title)]
    return _svg(lines)


def _first_push(output: str, title: str) -> list[str]:
    """The lines of a chapter's first push, without its introduction."""
    chapter = re.search(_CHAPTER.format(title=re.escape(title)), output, re.MULTILINE | re.DOTALL)
    sections = chapter["body"].split("\n\n") if chapter else []
    if len(sections) < 2:
        raise ValueError(f"the demo's output has no push below {title!r}")
    text = _DIGEST.sub("", _DURATION.sub("", sections[1]))
    return [line.removeprefix("   ") for line in text.splitlines()]


def _svg(lines: list[str]) -> str:
    width = 2 * _MARGIN + round(_WIDTH * max(map(len, lines)))
    height = 2 * _MARGIN + _HEIGHT * len(lines)
    size = f'width="{width}" height="{height}"'
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img">',
        f"<title>{escape('. '.join(SHOWN))}</title>",
        f'<rect {size} rx="8" fill="#0d1117"/>',
        f'<g style="{_STYLE}" xml:space="preserve">',
        *_texts(lines),
        "</g>",
        "</svg>",
        "",
    ))  # fmt: skip


def _texts(lines: list[str]) -> Iterator[str]:
    """One element for each line; a result keeps its color in the lines that continue it."""
    tone = ""
    for number, line in enumerate(lines, start=1):
        tone = _tone(line, before=tone)
        if line:
            weight = ' font-weight="bold"' if tone == "heading" else ""
            x, y = _MARGIN + _WIDTH * (len(line) - len(line.lstrip())), _MARGIN + _HEIGHT * number - 5
            yield f'<text x="{x:g}" y="{y}" fill="{_COLORS[tone]}"{weight}>{escape(line.lstrip())}</text>'


def _tone(line: str, *, before: str) -> str:
    if line in SHOWN:
        return "heading"
    if line.startswith("✓"):
        return "bad" if line.startswith(("✓ refused", "✓ no repository", "✓ the ledger")) else "good"
    return before if line.startswith(" ") else ""
