"""Globs over repository names and principal ARNs, matched in time linear in text times pattern.

Names: `*` is any run of characters within one part, `**` also crosses `/`, and a part that is `**` alone stands for any
number of parts, none included: `**/tmp-*` matches `tmp-1` and `a/b/tmp-1`; `team-a/**` matches all below `team-a`, not
`team-a` itself. ARNs: as IAM's ArnLike, each of the six parts between colons on its own, `*` crossing `/`; a pattern of
fewer parts, as `*`, is held against the whole text.

Patterns and names are both chosen by people, names even by attackers. So no regular expression, which could backtrack
for minutes: the set of positions in the pattern that the text read so far can be at is kept as the bits of an integer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_TOKENS = re.compile(r"\*{2,}|\*|[^*]", re.DOTALL)
_PARENTS = re.compile(r"(?:^|(?<=/))\*{2,}/")
_OPTIONAL = "\0"
_ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class _Machine:
    """Bit i stands for "before token i"; the last bit, one past the tokens, for a match."""

    literals: dict[str, int]
    within_part: int
    """Tokens `*`: stay while the character is no `/`."""
    across_parts: int
    """Tokens `**`: stay on every character."""
    optional_parts: int
    """Tokens that read nothing and stand before a `**/` at the start of a part: that may be left out."""
    end: int

    def matches(self, text: str) -> bool:
        states = self._closed(1)
        for character in text:
            stay = self.across_parts if character == "/" else self.across_parts | self.within_part
            states = self._closed((states & self.literals.get(character, 0)) << 1 | states & stay)
            if not states:
                return False
        return bool(states & self.end)

    def _closed(self, states: int) -> int:
        """All positions that are reached without reading a character."""
        passable = self.within_part | self.across_parts | self.optional_parts
        while True:
            wider = states | (states & passable) << 1 | (states & self.optional_parts) << 3
            if wider == states:
                return states
            states = wider


@lru_cache(maxsize=4096)
def _name_machine(pattern: str) -> _Machine:
    tokens = _TOKENS.findall(_PARENTS.sub(f"{_OPTIONAL}**/", pattern.replace(_OPTIONAL, "")))
    bits = _bits(tokens)
    optional_parts = bits.pop(_OPTIONAL, 0)
    return _Machine(bits, bits.pop("*", 0), bits.pop("**", 0), optional_parts, 1 << len(tokens))


@lru_cache(maxsize=4096)
def _arn_machine(part: str) -> _Machine:
    tokens = _TOKENS.findall(part)
    bits = _bits(tokens)
    return _Machine(bits, 0, bits.pop("*", 0) | bits.pop("**", 0), 0, 1 << len(tokens))


def _bits(tokens: list[str]) -> dict[str, int]:
    """The positions that each token is at; more than two stars are two."""
    bits: dict[str, int] = {}
    for index, token in enumerate(tokens):
        bits[token[:2]] = bits.get(token[:2], 0) | 1 << index
    return bits


def matches_name(pattern: str, name: str) -> bool:
    """Whether a repository name matches a glob."""
    return _name_machine(pattern).matches(name)


def matches_arn(pattern: str, arn: str) -> bool:
    """Whether an ARN, or the id or name of a caller that has none, matches a glob."""
    patterns, parts = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if len(patterns) < _ARN_PARTS:
        return _arn_machine(pattern).matches(arn)
    if len(parts) < _ARN_PARTS:
        return False
    return all(_arn_machine(part).matches(text) for part, text in zip(patterns, parts, strict=True))


def first_name_match(patterns: Iterable[str], name: str) -> str | None:
    """The first glob that a repository name matches."""
    return next((pattern for pattern in patterns if matches_name(pattern, name)), None)


def first_arn_match(patterns: Iterable[str], arns: Iterable[str]) -> str | None:
    """The first glob that any of several ARNs of one caller matches."""
    callers = tuple(arns)
    return next((pattern for pattern in patterns if any(matches_arn(pattern, arn) for arn in callers)), None)
