"""Prints the demo's progress and the results of its checks; failed checks are listed again at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from deployer.rendering.text import Line, wrapped

Show = Callable[[Iterable[Line]], None]


class Progress:
    """Prints numbered chapters and counts checks; `show` prints lines."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._chapters = 0
        self._started = time.monotonic()
        self.passed = 0
        self.failed: list[str] = []

    def chapter(self, title: str, text: str) -> None:
        """Begin a chapter, with an introduction of one or more paragraphs."""
        self._chapters += 1
        first, *further = (wrapped(paragraph, indent=3) for paragraph in text.split("\n\n"))
        self._show([Line(""), Line(f"{self._chapters}. {title}", "heading"), *first])
        for paragraph in further:
            self._show([Line(""), *paragraph])

    def section(self, title: str) -> None:
        """Begin a section of a chapter."""
        self._show([Line(""), *wrapped(title, indent=3, tone="heading")])

    def write(self, text: str, *, indent: int = 3) -> None:
        self._show(wrapped(text, indent=indent))

    def command(self, *words: str) -> None:
        """Show a command before it runs."""
        self._show([Line(""), *wrapped(f"$ {' '.join(words)}", indent=0, tone="heading")])

    def check(self, expected: str, *, holds: bool, because: str = "") -> bool:
        """Print the result of a check, and return it; `because` is the evidence, or the actual state if it failed."""
        text = f"{expected}: {because}" if because else expected
        if holds:
            self.passed += 1
            self._show(wrapped(f"✓ {text}", indent=3, tone="add"))
            return True
        self.failed.append(text)
        self._show(wrapped(f"✗ {text}", indent=3, tone="bad"))
        return False

    def close(self) -> bool:
        """Print the summary; True if every check passed."""
        seconds = time.monotonic() - self._started
        self._show([Line("")])
        if not self.failed:
            self._show([Line(f"All {self.passed} checks passed in {seconds:.0f} s.", "add")])
            return True
        self._show([Line(f"{len(self.failed)} of {self.passed + len(self.failed)} checks failed:", "bad")])
        for text in self.failed:
            self._show(wrapped(f"✗ {text}", indent=3, tone="bad"))
        return False
