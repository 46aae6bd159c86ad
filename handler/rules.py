"""The settings that decided about a call. A decision keeps them typed; only records, notices and people get text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Key = tuple[str | int, ...]

MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """A setting that decided, and its value.

    `key` is the path of the setting, as `("namespaces", 0)`; it is empty for a rule that ECR itself makes. `entry` is
    the index of the one list entry that decided, or None if the setting decided as a whole.
    """

    key: Key
    value: str
    entry: int | None = None

    def __str__(self) -> str:
        """As `create.names.deny: **/tmp-*`."""
        return f"{_key_text(self.key)}: {self.value}" if self.key else self.value


def matched(key: Key, entries: tuple[str, ...], entry: str) -> Rule:
    """The rule of a list of which one entry decided."""
    return Rule(key, entry, entries.index(entry))


def listed(key: Key, entries: tuple[str, ...], *, empty: str, limit: int | None = None) -> Rule:
    """The rule of a list that decided as a whole; its text names at most `limit` entries."""
    shown = ", ".join(entries[:limit]) or empty
    further = len(entries) - len(entries[:limit])
    return Rule(key, f"{shown} and {further} more" if further else shown, 0 if len(entries) == 1 else None)


def text_of(rules: Iterable[Rule]) -> str:
    """The rules of one decision as its record keeps them."""
    return "; ".join(map(str, rules))


def _key_text(key: Key) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")
