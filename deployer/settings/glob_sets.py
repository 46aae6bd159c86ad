"""Compares globs: whether a rule can ever apply after the rules before it.

The globs are those of handler/globs.py, as automata over the few characters that the two patterns distinguish; tests
compare both implementations. Results are exact, for names and for ARNs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from handler.globs import matches_arn, matches_name

_TOKENS = re.compile(r"\*{2,}|\*|[^*]", re.DOTALL)
_PARENTS = re.compile(r"(?:^|(?<=/))\*{2,}/")
_SKIP = "\x01"
"""A token that reads nothing, before a `**/` that may be omitted."""
_OTHER = "\x02"
"""Stands for every character that neither pattern names."""
_ARN_PARTS = 6
_PART_BEGINS, _PART_ENDS = "/", "a"
_NAME_FORM: Mapping[tuple[str, str], str] = {
    **{(form, "a"): "a" for form in ("/", "a", ".", "_", "__", "-")},
    **{("a", separator): separator for separator in ("/", ".", "_", "-")},
    ("_", "_"): "__",
    ("-", "-"): "-",
}
"""What ECR accepts after each part of a name, by the separator before, if any; `a` stands for letters and digits."""
MOST_STATES = 5_000
"""With more states the comparison is abandoned, and no problem is reported."""


@dataclass(frozen=True, slots=True)
class _Glob:
    """An automaton: state i is before token i, the last one is a match."""

    tokens: tuple[str, ...]
    is_arn: bool

    @classmethod
    def of_name(cls, pattern: str) -> _Glob:
        return cls(tuple(_TOKENS.findall(_PARENTS.sub(f"{_SKIP}**/", pattern))), is_arn=False)

    @classmethod
    def of_arn(cls, pattern: str) -> _Glob:
        return cls(tuple(_TOKENS.findall(pattern)), is_arn=True)

    def start(self) -> frozenset[int]:
        return self._closed({0})

    def step(self, states: frozenset[int], character: str) -> frozenset[int]:
        reached: set[int] = set()
        for state in states - {len(self.tokens)}:
            token = self.tokens[state]
            if token == character:
                reached.add(state + 1)
            elif token[0] == "*" and (self.is_arn or len(token) > 1 or character != "/"):
                reached.add(state)
        return self._closed(reached)

    def accepts(self, states: frozenset[int]) -> bool:
        return len(self.tokens) in states

    def _closed(self, states: set[int]) -> frozenset[int]:
        """All states that are reached without reading."""
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            token = self.tokens[state] if state < len(self.tokens) else ""
            followers = {"*": (state + 1,), _SKIP: (state + 1, state + 3)}.get(token[:1], ())
            waiting += [follower for follower in followers if follower not in states]
            states.update(followers)
        return frozenset(states)


@lru_cache(maxsize=16_384)
def covers_name(wide: str, narrow: str) -> bool:
    """Whether every name that `narrow` matches is matched by `wide`."""
    if any(not matches_name(wide, sample) and matches_name(narrow, sample) for sample in _samples(narrow)):
        return False
    return _covers(_Glob.of_name(wide), _Glob.of_name(narrow))


@lru_cache(maxsize=16_384)
def names_overlap(one: str, other: str) -> bool:
    """Whether some name matches both."""
    if any(matches_name(one, sample) and matches_name(other, sample) for sample in (*_samples(one), *_samples(other))):
        return True
    left, right = _Glob.of_name(one), _Glob.of_name(other)
    try:
        return any(left.accepts(a) and right.accepts(b) for a, b in _pairs(left, right))
    except _TooManyStatesError:
        return True


def some_name_matches(all_of: Sequence[str], *, none_of: Sequence[str], no_pattern_of: Sequence[str] = ()) -> bool:
    """Whether ECR accepts a name that matches all of the first globs, none of the others, and no IAM pattern.

    True as well if there are too many states to decide.
    """
    required = tuple(map(_Glob.of_name, all_of))
    others = (*map(_Glob.of_name, none_of), *map(_Glob.of_arn, no_pattern_of))
    automata = (*required, *others)
    named = {token for one in automata for token in one.tokens if token[0] not in {"*", _SKIP}}
    first = (_PART_BEGINS, tuple(one.start() for one in automata))
    waiting, seen = [first], {first}
    while waiting and len(seen) <= MOST_STATES:
        form, states = waiting.pop()
        accepted = [one.accepts(at) for one, at in zip(automata, states, strict=True)]
        if form == _PART_ENDS and all(accepted[: len(required)]) and not any(accepted[len(required) :]):
            return True
        for character in named | {_OTHER, "/"}:
            following = _NAME_FORM.get((form, character if character in "._-/" else "a"))
            stepped = tuple(one.step(at, character) for one, at in zip(automata, states, strict=True))
            pair = (following or "", stepped)
            if following is not None and all(stepped[: len(required)]) and pair not in seen:
                seen.add(pair)
                waiting.append(pair)
    return bool(waiting)


@lru_cache(maxsize=16_384)
def covers_arn(wide: str, narrow: str) -> bool:
    """Whether every ARN that `narrow` matches is matched by `wide`; False if that cannot be decided part by part."""
    if any(not matches_arn(wide, sample) and matches_arn(narrow, sample) for sample in _samples(narrow)):
        return False
    wide_parts, narrow_parts = wide.split(":", _ARN_PARTS - 1), narrow.split(":", _ARN_PARTS - 1)
    if len(wide_parts) < _ARN_PARTS:
        return _covers(_Glob.of_arn(wide), _Glob.of_arn(narrow))
    if len(narrow_parts) < _ARN_PARTS:
        return False
    pairs = zip(wide_parts, narrow_parts, strict=True)
    return all(_covers(_Glob.of_arn(a), _Glob.of_arn(b)) for a, b in pairs)


def _samples(pattern: str) -> tuple[str, str]:
    """Texts that a pattern most likely matches: they decide nearly every comparison without automata."""
    return pattern.replace("**", "x/y").replace("*", "z"), pattern.replace("*", "")


def _covers(wide: _Glob, narrow: _Glob) -> bool:
    try:
        return all(wide.accepts(a) or not narrow.accepts(b) for a, b in _pairs(wide, narrow))
    except _TooManyStatesError:
        return False


class _TooManyStatesError(Exception):
    """Two globs are too complex to compare."""


def _pairs(left: _Glob, right: _Glob) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    """Every pair of states that some text leads to, as long as the right one can still match."""
    alphabet = {token for token in (*left.tokens, *right.tokens) if token[0] not in {"*", _SKIP}} | {_OTHER, "/"}
    waiting = [(left.start(), right.start())]
    seen = set(waiting)
    while waiting:
        a, b = waiting.pop()
        yield a, b
        following = {(left.step(a, character), right.step(b, character)) for character in alphabet}
        fresh = {pair for pair in following - seen if pair[1]}
        seen |= fresh
        waiting += fresh
        if len(seen) > MOST_STATES:
            raise _TooManyStatesError
