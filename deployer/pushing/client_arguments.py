"""A command line as options and words, by the rules of Go's flags, which nearly every container client uses. Pure.

The only knowledge required of a client is which options take a value from the next word:
https://pkg.go.dev/github.com/spf13/pflag#readme-command-line-flag-syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
"""https://pkg.go.dev/strconv#ParseBool"""


def is_true(text: object) -> bool:
    """Whether Go reads a text as true."""
    return str(text) in _TRUE


def option_names(text: str) -> frozenset[str]:
    """The options of a table, which are separated by white space."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Arguments:
    """`options` have the value None if they were given without one; both keep their order."""

    words: tuple[str, ...]
    options: tuple[tuple[str, str | None], ...]

    def values(self, *names: str) -> tuple[str, ...]:
        """Every value of an option that may be repeated."""
        return tuple(value for name, value in self.options if name in names and value is not None)

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    def is_on(self, *names: str) -> bool:
        """Whether a boolean option is on: the last one counts."""
        given = [value is None or is_true(value) for name, value in self.options if name in names]
        return bool(given) and given[-1]


def parse_arguments(arguments: Sequence[str], valued: AbstractSet[str]) -> Arguments:
    """Separate options from words; `--` ends the options. `valued` are those with a value in the next word."""
    words: list[str] = []
    options: list[tuple[str, str | None]] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words += rest
        elif is_option(argument):
            options += _options(argument, valued, rest)
        else:
            words.append(argument)
    return Arguments(tuple(words), tuple(options))


def leading_options(arguments: Sequence[str], valued: AbstractSet[str]) -> tuple[Arguments, list[str]]:
    """The options before the first word, and everything from that word on."""
    position = 0
    while position < len(arguments) and is_option(arguments[position]) and arguments[position] != "--":
        position += 1 + takes_next(arguments[position], valued)
    rest = list(arguments[position:])
    if rest[:1] == ["--"]:
        del rest[0]
    return parse_arguments(arguments[:position], valued), rest


def option_values(words: Sequence[str], option: str) -> Iterator[str]:
    """The values of a long option, wherever it stands among words of any kind."""
    for position, word in enumerate(words):
        if word.startswith(f"{option}="):
            yield word.partition("=")[2]
        elif word == option:
            yield from words[position + 1 : position + 2]


def is_option(argument: str) -> bool:
    return argument.startswith("-") and argument != "-"


def takes_next(argument: str, valued: AbstractSet[str]) -> bool:
    """Whether the value of an option is the next word."""
    rest = iter(["value"])
    list(_options(argument, valued, rest))
    return next(rest, None) is None


def _options(argument: str, valued: AbstractSet[str], rest: Iterator[str]) -> Iterator[tuple[str, str | None]]:
    """The options of one argument: one long one, or short ones run together (`-qt X`, `-tX`)."""
    if argument.startswith("--"):
        name, equals, value = argument.partition("=")
        yield name, value if equals else next(rest, None) if name in valued else None
        return
    for position, letter in enumerate(argument[1:], start=1):
        name, attached = f"-{letter}", argument[position + 1 :]
        if name in valued:
            yield name, attached.removeprefix("=") if attached else next(rest, None)
            return
        if attached.startswith("="):
            yield name, attached[1:]
            return
        yield name, None
