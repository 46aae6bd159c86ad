"""Where a client's command pushes to, and how that is found: a table of subcommands for each client. Pure.

A destination is a reference as written, or how to determine one. Only destinations count: creating the
repository of a source would leave an undesired one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deployer.pushing.client_arguments import Arguments, is_option, option_names, takes_next
from deployer.pushing.client_wrappers import SimpleCommand
from deployer.pushing.images import has_registry


@dataclass(frozen=True, slots=True)
class InFile:
    """Run `command` to read from its standard output what the file of this kind names: JSON for bake, YAML for compose.

    `services`, if any are named, are those of a compose file that count, `with_dependencies` or without. Unless
    `all_are_pushed`, a bake target's own outputs determine whether it is. Unless it `is_built`, no caches are written.
    `is_direct` as in SimpleCommand.
    """

    kind: Literal["bake", "compose"]
    command: tuple[str, ...]
    services: tuple[str, ...] = ()
    with_dependencies: bool = False
    all_are_pushed: bool = True
    is_built: bool = True
    is_direct: bool = True
    environment: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class InChart:
    """A Helm chart's archive, which goes to `registry` (with `oci://`) under the chart's own name."""

    archive: str
    registry: str


Destination = str | InFile | InChart


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A client's subcommand: `arguments` follow it, `before` is everything up to it, with the client's own options."""

    command: SimpleCommand
    before: tuple[str, ...]
    arguments: Arguments

    @property
    def words(self) -> tuple[str, ...]:
        return self.arguments.words


Rule = Callable[[Call], Iterable[Destination]]


@dataclass(frozen=True, slots=True)
class Verb:
    """A subcommand: its rule, and those of its options that have a value in the next word."""

    rule: Rule
    valued: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Client:
    """`verbs` by their words, as "image push"; `valued` as in Verb, of the options before the subcommand."""

    verbs: Mapping[str, Verb]
    valued: frozenset[str] = frozenset()

    def verb_of(self, words: Sequence[str]) -> tuple[Verb, int] | None:
        """The subcommand of a command line, and the position behind it; None if it is not one that pushes."""
        path: list[str] = []
        behind = position = 1
        while position < len(words):
            if is_option(words[position]):
                position += 1 + takes_next(words[position], self.valued)
                continue
            longer = " ".join([*path, words[position]])
            if not any(f"{verb} ".startswith(f"{longer} ") for verb in self.verbs):
                break
            path.append(words[position])
            behind = position = position + 1
        verb = self.verbs.get(" ".join(path))
        return (verb, behind) if verb else None


def verbs(rule: Rule, names: str, valued: str = "") -> dict[str, Verb]:
    """The same rule for several subcommands, whose names are separated by commas."""
    return {name.strip(): Verb(rule, option_names(valued)) for name in names.split(",")}


def last(most: int) -> Rule:
    """The last of at most so many words. If there are more, an option is not known: then the last with a registry."""

    def rule(call: Call) -> Sequence[str]:
        words = call.words if len(call.words) <= most else [word for word in call.words if has_registry(word)]
        return words[-1:]

    return rule


def first(call: Call) -> Sequence[str]:
    """The first word; if that names no registry, an option may not be known: then the first that does."""
    named = [word for word in call.words if has_registry(word)]
    return named[:1] or call.words[:1]


def every_image(call: Call) -> Sequence[str]:
    """Every word with a registry of AWS."""
    return [word for word in call.words if has_registry(word)]


def tags(call: Call) -> Sequence[str]:
    """The values of --tag, which crane also calls --new_tag."""
    return call.arguments.values("-t", "--tag", "--new_tag")


def tags_or_image(call: Call) -> Sequence[str]:
    """The values of --tag, or else the image itself, which is then changed in its own repository."""
    return tags(call) or first(call)
