"""What the demo tells while it runs, and what of it was seen: a claim that fails is remembered and shown again last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from deployer.rendering.text import Line, wrapped

Show = Callable[[Iterable[Line]], None]


class Narrator:
    """Tells a story in chapters; `show` takes the lines."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._chapters = 0
        self._started = time.monotonic()
        self.seen = 0
        self.unseen: list[str] = []

    def chapter(self, title: str, text: str) -> None:
        """Begin a chapter, and say what it is about."""
        self._chapters += 1
        self._show([Line(""), Line(f"{self._chapters}. {title}", "heading"), *wrapped(text, indent=3)])

    def scene(self, title: str) -> None:
        """Begin a part of a chapter."""
        self._show([Line(""), *wrapped(title, indent=3, tone="heading")])

    def say(self, text: str, *, indent: int = 3) -> None:
        self._show(wrapped(text, indent=indent))

    def command(self, *words: str) -> None:
        """Show a command before it runs."""
        self._show([Line(""), *wrapped(f"$ {' '.join(words)}", indent=0, tone="heading")])

    def check(self, claim: str, *, holds: bool, because: str = "") -> bool:
        """Say whether a claim was seen to hold; `because` says what was seen instead, or what proves it."""
        text = f"{claim}: {because}" if because else claim
        if holds:
            self.seen += 1
            self._show(wrapped(f"✓ {text}", indent=3, tone="add"))
            return True
        self.unseen.append(text)
        self._show(wrapped(f"✗ {text}", indent=3, tone="bad"))
        return False

    def close(self) -> bool:
        """Say how it ended; True when everything was seen."""
        seconds = time.monotonic() - self._started
        self._show([Line("")])
        if not self.unseen:
            self._show([Line(f"All of it was seen: {self.seen} checks in {seconds:.0f} s.", "add")])
            return True
        self._show([Line(f"Not seen, of {self.seen + len(self.unseen)} checks:", "bad")])
        for text in self.unseen:
            self._show(wrapped(f"✗ {text}", indent=3, tone="bad"))
        return False
