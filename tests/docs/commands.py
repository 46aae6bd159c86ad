"""The commands that README.md and docs/ show: lines that begin with `$ ` in fences marked `console`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^(?P<indent> *)```console\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s{2,}#\s.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A command as the page shows it."""

    page: str
    line: int
    text: str

    @property
    def arguments(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def program(self) -> str:
        return self.arguments[0]


def pages() -> list[Path]:
    """README.md and every page of docs/, in the order in which they are read."""
    docs = ROOT / "docs"
    return [ROOT / "README.md", *sorted(docs.glob("*.md")), *sorted((docs / "contributing").glob("*.md"))]


def shown_in(page: Path) -> Iterator[Shown]:
    """Every command of a page, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        first = text.count("\n", 0, fence.start("body")) + 1
        for number, line in enumerate(fence["body"].splitlines(), start=first):
            if line.lstrip().startswith("$ "):
                command = _COMMENT.sub("", line.lstrip().removeprefix("$ "))
                yield Shown(page=str(page.relative_to(ROOT)), line=number, text=command)
