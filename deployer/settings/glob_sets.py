"""What one glob covers of another: whether a rule can ever have a say after the rules before it.

The globs are those of handler/globs.py, read here as automata over the few characters that the two patterns tell apart;
tests hold the two readings together. Answers are exact, for names and for ARNs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKENS = re.compile(r"\*{2,}|\*|[^*]", re.DOTALL)
_ARN_PARTS = 6
_OTHER = "\0"
"""Stands for every character that neither pattern names."""
MOST_STATES = 20_000
"""Beyond this a question is given up, and nothing is said about the rule."""


@dataclass(frozen=True, slots=True)
class _Glob:
    tokens: tuple[str, ...]
    is_arn: bool

    @classmethod
    def of(cls, pattern: str, *, is_arn: bool = False) -> _Glob:
        return cls(tuple(_TOKENS.findall(pattern)), is_arn)

    def start(self) -> frozenset[int]:
        return self._closed({0})

    def step(self, states: frozenset[int], character: str) -> frozenset[int]:
        reached: set[int] = set()
        for state in states:
            if state == len(self.tokens):
                continue
            token = self.tokens[state]
            if token[0] != "*":
                if token == character:
                    reached.add(state + 1)
            elif self.is_arn or len(token) > 1 or character != "/":
                reached.add(state)
        return self._closed(reached)

    def accepts(self, states: frozenset[int]) -> bool:
        return len(self.tokens) in states

    def _closed(self, states: set[int]) -> frozenset[int]:
        waiting = list(states)
        while waiting:
            for follower in self._followers(waiting.pop()):
                if follower not in states:
                    states.add(follower)
                    waiting.append(follower)
        return frozenset(states)

    def _followers(self, state: int) -> Iterator[int]:
        """States reached without reading: past a wildcard, and past `**/` where a part begins."""
        if state == len(self.tokens) or self.tokens[state][0] != "*":
            return
        yield state + 1
        begins_part = state == 0 or self.tokens[state - 1] == "/"
        if (
            not self.is_arn
            and len(self.tokens[state]) > 1
            and begins_part
            and self.tokens[state + 1 : state + 2] == ("/",)
        ):
            yield state + 2


def covers_name(wide: str, narrow: str) -> bool:
    """Whether every name that `narrow` matches is matched by `wide`."""
    return _covers(_Glob.of(wide), _Glob.of(narrow))


def names_overlap(one: str, other: str) -> bool:
    """Whether some name matches both."""
    left, right = _Glob.of(one), _Glob.of(other)
    return any(left.accepts(a) and right.accepts(b) for a, b in _pairs(left, right))


def covers_arn(wide: str, narrow: str) -> bool:
    """Whether every ARN that `narrow` matches is matched by `wide`."""
    if wide.strip("*") == "":
        return True
    if narrow.strip("*") == "":
        return False
    wide_parts, narrow_parts = _arn_parts(wide), _arn_parts(narrow)
    if len(wide_parts) != len(narrow_parts):
        return False
    return all(
        _covers(_Glob.of(a, is_arn=True), _Glob.of(b, is_arn=True))
        for a, b in zip(wide_parts, narrow_parts, strict=True)
    )


def _arn_parts(pattern: str) -> Sequence[str]:
    return pattern.split(":", _ARN_PARTS - 1)


def _covers(wide: _Glob, narrow: _Glob) -> bool:
    return all(wide.accepts(a) or not narrow.accepts(b) for a, b in _pairs(wide, narrow))


def _pairs(left: _Glob, right: _Glob) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    """Every pair of states that some text leads to, while the right one is still alive."""
    alphabet = {token for token in (*left.tokens, *right.tokens) if token[0] != "*"} | {_OTHER, "/"}
    waiting = [(left.start(), right.start())]
    seen = set(waiting)
    while waiting:
        a, b = waiting.pop()
        yield a, b
        for character in alphabet:
            pair = (left.step(a, character), right.step(b, character))
            if pair[1] and pair not in seen and len(seen) < MOST_STATES:
                seen.add(pair)
                waiting.append(pair)
