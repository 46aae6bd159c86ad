"""Globs for repository names and principal ARNs, matched in time linear in the length of the text times the pattern.

Names: `*` matches any characters within one part, `**` also crosses `/`, and a part that is just `**` matches any
number of parts, including none: `**/tmp-*` matches `tmp-1` and `a/b/tmp-1`; `team-a/**` matches everything below
`team-a`, but not `team-a` itself. ARNs: like IAM's ArnLike, each of the six parts between colons is matched separately,
and `*` crosses `/`; a pattern with fewer parts, such as `*`, is matched against the whole text.

Patterns come from users and names possibly from attackers. A regular expression could backtrack for minutes, so this is
a state machine: the bits of an integer hold the set of pattern positions that the text read so far can reach.
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
    """Bit i means "before token i"; the last bit, one past the tokens, means a match."""

    literals: dict[str, int]
    within_part: int
    """Tokens `*`: remain in place while the character is not `/`."""
    across_parts: int
    """Tokens `**`: remain in place for every character."""
    optional_parts: int
    """Empty tokens before a `**/` at the start of a part, which may match nothing."""
    end: int

    def matches(self, text: str) -> bool:
        return bool(self.reach(text) & self.end)

    def reach(self, text: str) -> int:
        """The positions after reading a text; 0 if no match begins with it."""
        states = self._closed(1)
        for character in text:
            stay = self.across_parts if character == "/" else self.across_parts | self.within_part
            states = self._closed((states & self.literals.get(character, 0)) << 1 | states & stay)
            if not states:
                return 0
        return states

    def _closed(self, states: int) -> int:
        """All positions that can be reached without reading a character."""
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
    """The positions of each token; more than two stars count as two."""
    bits: dict[str, int] = {}
    for index, token in enumerate(tokens):
        bits[token[:2]] = bits.get(token[:2], 0) | 1 << index
    return bits


def matches_name(pattern: str, name: str) -> bool:
    """Whether a repository name matches a glob."""
    return _name_machine(pattern).matches(name)


def matches_beginning(pattern: str, text: str) -> bool:
    """Whether a glob matches some text that begins with this one."""
    return bool(_name_machine(pattern).reach(text))


def matches_arn(pattern: str, arn: str) -> bool:
    """Whether an ARN, or the id or name of a caller without one, matches a glob."""
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
    """The first glob that matches any of the ARNs of one caller."""
    callers = tuple(arns)
    return next((pattern for pattern in patterns if any(matches_arn(pattern, arn) for arn in callers)), None)
