"""Which globs of a list can match what another glob matches, without comparing every pair.

The globs of a list form one automaton: a tree of their tokens, so that what globs have in common is read once. Globs
that begin alike cost nothing extra, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployer.settings.glob_sets import PARENTS, WILDCARDS, arn_tokens, name_tokens, samples

MOST_STEPS = 1_000_000
"""Steps of all questions to one index, and STEPS_FOR_EACH for each character of a question: about a second. After that
it names no more globs, so that no file keeps a check busy for long; ordinary globs need a tenth."""
STEPS_FOR_EACH = 10
_ROOT = 0


@dataclass(slots=True)
class _Node:
    """A state of the automaton: before the tokens of its children."""

    children: dict[str, int]
    unread: str | None
    """For a state after a wildcard: what it does not read; empty if it reads everything. None for others."""
    globs: list[int]
    """Indexes of the globs that end here."""
    closure: tuple[int, ...] = ()
    """This state and all that follow without reading."""

    def reads(self, character: str) -> bool:
        """Whether a wildcard reads the character and remains in this state."""
        return self.unread is not None and character != self.unread


class GlobIndex:
    """The globs of a list, for names or for ARNs."""

    def __init__(self, patterns: Iterable[str], *, are_arns: bool = False) -> None:
        self.steps_left = MOST_STEPS
        self._nodes = [_Node({}, None, [])]
        for index, pattern in enumerate(patterns):
            self._add(index, arn_tokens(pattern) if are_arns else name_tokens(pattern))
        for number, node in reversed(list(enumerate(self._nodes))):
            node.closure = tuple({number: None, **self._following(node)})

    def _add(self, index: int, tokens: Iterable[str]) -> None:
        at = _ROOT
        for token in tokens:
            children = self._nodes[at].children
            if token not in children:
                children[token] = len(self._nodes)
                self._nodes.append(_Node({}, token[1:] if token in WILDCARDS else None, []))
            at = children[token]
        self._nodes[at].globs.append(index)

    def _following(self, node: _Node) -> dict[int, None]:
        """States after a wildcard that reads nothing, or after a `**/` that is left out; children come later."""
        found: dict[int, None] = {}
        for token, child in node.children.items():
            if token in WILDCARDS or token == PARENTS:
                found.update(dict.fromkeys(self._nodes[child].closure))
            if token == PARENTS:
                end = self._nodes[self._nodes[child].children["*"]].children["/"]
                found.update(dict.fromkeys(self._nodes[end].closure))
        return found

    def candidates(self, pattern: str) -> list[int] | None:
        """Indexes of the globs that may match all that a pattern matches; all others do not. None: too many steps."""
        self.steps_left += STEPS_FOR_EACH * len(pattern)
        one, other = (self._matching(sample) for sample in samples(pattern))
        return None if self.steps_left < 0 else sorted(set(one) & set(other))

    def _matching(self, text: str) -> list[int]:
        states = dict.fromkeys(self._nodes[_ROOT].closure)
        for character in text:
            self.steps_left -= len(states)
            if self.steps_left < 0:
                return []
            following: dict[int, None] = {}
            for state in states:
                node = self._nodes[state]
                if node.unread is not None and character != node.unread:
                    following.update(dict.fromkeys(node.closure))
                if (child := node.children.get(character)) is not None:
                    following.update(dict.fromkeys(self._nodes[child].closure))
            states = following
        found = [index for state in states for index in self._nodes[state].globs]
        self.steps_left -= len(found)
        return found

    def overlaps(self, pattern: str) -> bool:
        """Whether some name matches both the pattern and a glob of the list; True when there are too many steps."""
        self.steps_left += STEPS_FOR_EACH * len(pattern)
        other = GlobIndex([pattern])
        waiting = [(a, b) for a in self._nodes[_ROOT].closure for b in other._nodes[_ROOT].closure]
        seen = set(waiting)
        while waiting and self.steps_left > 0:
            self.steps_left -= 1
            a, b = waiting.pop()
            left, right = self._nodes[a], other._nodes[b]
            if left.globs and right.globs:
                return True
            fresh = {pair for pair in self._pairs_after(left, right, other) if pair not in seen}
            seen |= fresh
            waiting += fresh
        return bool(waiting)

    def _pairs_after(self, left: _Node, right: _Node, other: GlobIndex) -> Iterator[tuple[int, int]]:
        """The pairs of states that reading one character more can lead to."""
        named = (*left.children, *(right.children if left.unread is not None else ()))
        for character in dict.fromkeys(named):
            if character in WILDCARDS or character == PARENTS:
                continue
            for a in self._after(left, character):
                yield from ((a, b) for b in other._after(right, character))

    def _after(self, node: _Node, character: str) -> tuple[int, ...]:
        child = node.children.get(character)
        following = () if child is None else self._nodes[child].closure
        return (*following, *node.closure) if node.reads(character) else following
