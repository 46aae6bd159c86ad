"""The commands of a shell script, as far as they can be read without running it. Pure.

What only the shell knows (the output of a command, a variable without a value) becomes UNRESOLVED; a word that has it
names nothing. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

UNRESOLVED: Final = "\0"
EXPORT: Final = "export"

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>[ \t\r]+|\\\n)
    |(?P<comment>(?<![^\s;&|()])\#[^\n]*)
    |(?P<redirection>\d*(?:&>>?|<<<|<<-?|>>|[<>]&|>\||[<>]))
    |(?P<operator>&&|\|\||[;&|()\n])
    |'(?P<literal>[^']*)'
    |"(?P<quoted>(?:[^"\\]|\\.)*)"
    |\\(?P<escaped>.)
    |(?P<substitution>\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`)
    |(?P<plain>(?:\$\{[^}]*\}|[^\s'"\\;&|()<>`$]|\$(?!\())+)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_EXPANSION: Final = re.compile(
    r"""
    \$(?:\{(?P<braced>\w+|[@*])(?:(?P<colon>:?)[-=](?P<default>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*|\d|[@*]))
    |\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`|\$[?!$\#-]
    """,
    re.VERBOSE,
)


def commands_of(script: str, variables: Mapping[str, str]) -> Iterator[list[str]]:
    """The words of each simple command. Assignments stand before a command's words, and count for those after them.

    Of `export`, each word is an assignment, also when only the name was written.
    """
    known = dict(variables)
    for words in _split(_LOOP.sub(_unrolled, _without_here_documents(script)), known):
        if words[0] == EXPORT:
            assigned = [f"{name}={known[name]}" if name in known else name for name in words[1:]]
            assigned = [word for word in assigned if _ASSIGNMENT.match(word)]
            yield [EXPORT, *assigned]
        else:
            assigned = words
            yield words
        if all(_ASSIGNMENT.match(word) for word in assigned):
            known |= dict(word.split("=", 1) for word in assigned)


_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")
_DECLARING: Final = frozenset({"declare", "local", "readonly", "typeset"})
_KEYWORDS: Final = frozenset({"coproc", "if", "then", "elif", "else", "while", "until", "do", "!", "{"})


_LOOP: Final = re.compile(
    r"\bfor[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]+in[ \t]+(?P<words>[^;\n$`(]+)[;\n]\s*do\b(?P<body>.*?)\bdone\b", re.DOTALL
)
_MOST_TURNS: Final = 50
_HERE_DOCUMENT: Final = re.compile(r"(?<!<)<<-?[ \t]*['\"\\]?([A-Za-z_]\w*)['\"]?")
_SEVERAL: Final = re.compile(r"\{[^\s{},]*,[^\s{}]*\}")
_BRACES: Final = re.compile(r"(?P<before>[^\s{}]*)\{(?P<words>[^\s{}]*,[^\s{}]*)\}(?P<after>[^\s{}]*)")


def _unrolled(loop: re.Match[str]) -> str:
    """The body of a loop over literal words, once for each."""
    words = [each for word in loop["words"].split() for each in _of_braces(word)][:_MOST_TURNS]
    return ";".join(f"{loop['name']}={word};{loop['body']}" for word in words)


def _without_here_documents(script: str) -> str:
    """A script without the texts for its commands' standard input, which may look like commands."""
    lines = script.split("\n")
    last = {line.strip(" \t"): position for position, line in enumerate(lines)}
    kept: list[str] = []
    awaited: list[str] = []
    for position, line in enumerate(lines):
        if awaited:
            if line.strip(" \t") == awaited[0]:
                del awaited[0]
            continue
        awaited = [end for end in _HERE_DOCUMENT.findall(line) if last.get(end, 0) > position]
        kept.append(_HERE_DOCUMENT.sub("", line) if awaited else line)
    return "\n".join(kept)


def _of_braces(word: str) -> list[str]:
    """The words of `before{one,other}after`."""
    if found := _BRACES.fullmatch(word):
        return [f"{found['before']}{each}{found['after']}" for each in found["words"].split(",")]
    return [word]


def is_assignment(word: str) -> bool:
    """Whether a word is `NAME=value`."""
    return bool(_ASSIGNMENT.match(word))


def _split(script: str, variables: Mapping[str, str]) -> Iterator[list[str]]:
    words = _Words()
    for token in _TOKEN.finditer(script):
        kind, text = str(token.lastgroup), token[str(token.lastgroup)]
        match kind:
            case "operator":
                yield from words.end_command()
            case "blank" | "comment":
                words.end_word()
            case "redirection":
                words.end_word()
                words.is_target = True
            case "quoted" if text in {"$@", "${@}"}:
                words.add_fields(_expanded(text, variables))
            case "quoted":
                words.add(_expanded(re.sub(r"\\([$`\"\\\n])", r"\1", text), variables))
            case "plain":
                words.add_fields(
                    UNRESOLVED if _SEVERAL.search(_EXPANSION.sub("", text)) else _expanded(text, variables)
                )
            case "substitution":
                words.add(UNRESOLVED)
            case _:
                words.add(text)
    yield from words.end_command()


class _Words:
    """The words of the command that is being read."""

    def __init__(self) -> None:
        self.is_target = False
        """Whether the next word is the target of a redirection."""
        self._word: str | None = None
        self._words: list[str] = []

    def add(self, text: str) -> None:
        self._word = (self._word or "") + text

    def add_fields(self, text: str) -> None:
        """An unquoted expansion is split at white space."""
        first, *others = re.split(r"\s+", text)
        self.add(first)
        for other in others:
            self.end_word()
            self.add(other)

    def end_word(self) -> None:
        if self._word is not None:
            if not self.is_target:
                self._words.append(self._word)
            self.is_target = False
        self._word = None

    def end_command(self) -> Iterator[list[str]]:
        self.end_word()
        words, self._words, self.is_target = self._words, [], False
        while words and (words[0] in _KEYWORDS or words[0] in _DECLARING):
            if words.pop(0) in _DECLARING:
                words = [word for word in words if not word.startswith("-")]
        if words:
            yield words


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    """Fill in the variables that have a value."""

    def value(match: re.Match[str]) -> str:
        found = variables.get(match["braced"] or match["bare"] or "")
        default = match["default"]
        if default is not None and (found is None or (match["colon"] and not found)):
            return _expanded(default, variables)
        return UNRESOLVED if found is None else found

    return _EXPANSION.sub(value, text)
