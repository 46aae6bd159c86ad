"""Compares globs: whether a rule can ever apply after the rules before it.

The globs are those of handler/globs.py, as automata over the few characters that the two patterns distinguish; tests
compare both implementations. Results are exact, for names and for ARNs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_

from handler.globs import matches_arn, matches_name

_TOKENS = re.compile(r"(?P<parents>(?:^|(?<=/))\*{2,}(?=/))|(?P<within>\*(?!\*)(?<!\*\*))|\*+|[^*]", re.DOTALL)
PARENTS = "?**/"
"""A token that reads nothing, before a `**/` that may be omitted."""
WILDCARDS = ("*", "*/", "*:")
"""Tokens that read any number of characters: all, or all but the one named."""
_OTHER = "other"
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


def name_tokens(pattern: str) -> tuple[str, ...]:
    """What a glob over repository names reads, one token after the other."""
    return tuple(_name_tokens(pattern))


def _name_tokens(pattern: str) -> Iterator[str]:
    for found in _TOKENS.finditer(pattern):
        text = found.group()
        if found.lastgroup == "parents":
            yield from (PARENTS, "*")
        elif found.lastgroup == "within":
            yield "*/"
        else:
            yield text[0]


def arn_tokens(pattern: str) -> tuple[str, ...]:
    """What a glob over ARNs reads: wildcards in one of the first five parts remain within it."""
    *parts, rest = pattern.split(":", _ARN_PARTS - 1)
    within = "*:" if len(parts) == _ARN_PARTS - 1 else "*"
    first = re.sub(r"\*+", "*", "".join(f"{part}:" for part in parts))
    return (*(within if part == "*" else part for part in first), *re.sub(r"\*+", "*", rest))


@dataclass(frozen=True, slots=True)
class _Glob:
    """An automaton: bit i of its states is before token i, the last one is a match."""

    tokens: tuple[str, ...]
    after: Mapping[str, int]
    """The states before each token."""
    passable: int
    """States that need not read: before a wildcard, or a `**/` that may be omitted."""
    omitted: int
    """States before a `**/` that may be omitted."""

    @classmethod
    def of(cls, tokens: tuple[str, ...]) -> _Glob:
        before: dict[str, int] = {}
        for index, token in enumerate(tokens):
            before[token] = before.get(token, 0) | 1 << index
        omitted = before.get(PARENTS, 0)
        return cls(tokens, before, omitted | reduce(or_, (before.get(star, 0) for star in WILDCARDS)), omitted)

    @classmethod
    def of_name(cls, pattern: str) -> _Glob:
        return cls.of(name_tokens(pattern))

    @classmethod
    def of_arn(cls, pattern: str) -> _Glob:
        return cls.of(arn_tokens(pattern))

    @property
    def characters(self) -> Collection[str]:
        return self.after.keys() - {*WILDCARDS, PARENTS}

    def start(self) -> int:
        return self._closed(1)

    def step(self, states: int, character: str) -> int:
        remaining = reduce(or_, (self.after.get(star, 0) for star in WILDCARDS if star[1:] != character))
        return self._closed((states & self.after.get(character, 0)) << 1 | states & remaining)

    def accepts(self, states: int) -> bool:
        return bool(states >> len(self.tokens))

    def _closed(self, states: int) -> int:
        """All states that are reached without reading."""
        while True:
            wider = states | (states & self.passable) << 1 | (states & self.omitted) << 3
            if wider == states:
                return states
            states = wider


class Budget:
    """How many pairs of states some comparisons may try altogether."""

    def __init__(self, states: int = MOST_STATES) -> None:
        self.states = states

    def spend(self) -> None:
        """Count one pair; raises if there are too many."""
        self.states -= 1
        if self.states < 0:
            raise _TooManyStatesError


@lru_cache(maxsize=16_384)
def covers_name(wide: str, narrow: str) -> bool:
    """Whether every name that `narrow` matches is matched by `wide`."""
    return name_is_covered(wide, narrow, Budget())


def name_is_covered(wide: str, narrow: str, budget: Budget) -> bool:
    """As covers_name; False if that exceeds the budget."""
    if any(not matches_name(wide, sample) and matches_name(narrow, sample) for sample in samples(narrow)):
        return False
    return _covers(_Glob.of_name(wide), _Glob.of_name(narrow), budget)


@lru_cache(maxsize=16_384)
def names_overlap(one: str, other: str) -> bool:
    """Whether some name matches both."""
    if any(matches_name(one, sample) and matches_name(other, sample) for sample in (*samples(one), *samples(other))):
        return True
    left, right = _Glob.of_name(one), _Glob.of_name(other)
    try:
        return any(left.accepts(a) and right.accepts(b) for a, b in _pairs(left, right, Budget()))
    except _TooManyStatesError:
        return True


def some_name_matches(all_of: Sequence[str], *, none_of: Sequence[str], no_pattern_of: Sequence[str] = ()) -> bool:
    """Whether ECR accepts a name that matches all of the first globs, none of the others, and no IAM pattern.

    True as well if there are too many states to decide.
    """
    required = tuple(map(_Glob.of_name, all_of))
    others = (*map(_Glob.of_name, none_of), *map(_Glob.of_arn, no_pattern_of))
    automata = (*required, *others)
    named = {character for one in automata for character in one.characters}
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


def arn_is_covered(wide: str, narrow: str, budget: Budget) -> bool:
    """Whether every ARN that `narrow` matches is matched by `wide`.

    False if that cannot be decided part by part, or exceeds the budget.
    """
    if any(not matches_arn(wide, sample) and matches_arn(narrow, sample) for sample in samples(narrow)):
        return False
    wide_parts, narrow_parts = wide.split(":", _ARN_PARTS - 1), narrow.split(":", _ARN_PARTS - 1)
    if len(wide_parts) < _ARN_PARTS:
        return _covers(_Glob.of_arn(wide), _Glob.of_arn(narrow), budget)
    if len(narrow_parts) < _ARN_PARTS:
        return False
    pairs = ((a, b) for a, b in zip(wide_parts, narrow_parts, strict=True) if a != b)
    return all(_covers(_Glob.of_arn(a), _Glob.of_arn(b), budget) for a, b in pairs)


def samples(pattern: str) -> tuple[str, str]:
    """Texts that a pattern most likely matches: they decide nearly every comparison without automata."""
    return pattern.replace("**", "x/y").replace("*", "z"), pattern.replace("*", "")


def _covers(wide: _Glob, narrow: _Glob, budget: Budget) -> bool:
    try:
        return all(wide.accepts(a) or not narrow.accepts(b) for a, b in _pairs(wide, narrow, budget))
    except _TooManyStatesError:
        return False


class _TooManyStatesError(Exception):
    """Two globs are too complex to compare."""


def _pairs(left: _Glob, right: _Glob, budget: Budget) -> Iterator[tuple[int, int]]:
    """Every pair of states that some text leads to, as long as the right one can still match."""
    alphabet = dict.fromkeys((*left.characters, *right.characters, "/", _OTHER))
    waiting = [(left.start(), right.start())]
    seen = set(waiting)
    while waiting:
        budget.spend()
        a, b = waiting.pop()
        yield a, b
        for character in alphabet:
            if (following := right.step(b, character)) and (pair := (left.step(a, character), following)) not in seen:
                seen.add(pair)
                waiting.append(pair)
