"""What a container client's command line is going to push, read from the command line alone. Pure.

Only destinations count: requesting the repository of a source would create an undesired one. If the command
names its images in a file (bake, compose), the client itself is asked to resolve it, since only it knows its own rules.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from deployer.pushing.client_table import CLIENTS, LOCAL_DESTINATIONS, VALUED, Where


@dataclass(frozen=True, slots=True)
class Named:
    """The references stand in the command itself, in the order in which they are pushed."""

    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InFile:
    """Run `command` to hear, on its standard output, what the file of this kind names: bake says JSON, compose YAML.

    `services`, if any are named, are those of a compose file that count, `with_dependencies` or without. Where not all
    targets of a bake file are pushed, each target's own outputs say whether it is.
    """

    kind: Literal["bake", "compose"]
    command: tuple[str, ...]
    services: tuple[str, ...] = ()
    with_dependencies: bool = False
    all_are_pushed: bool = True


@dataclass(frozen=True, slots=True)
class NoPush:
    """The command pushes nothing."""


Destinations = Named | InFile | NoPush


_LOCAL_TRANSPORT: Final = re.compile(
    r"(?:dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|ostree|sif|tarball):"
)
_REFERENCE: Final = re.compile(
    r"(?:docker://|https?://)?(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d+)?/[\w.+,:@/-]+", re.ASCII
)
"""A registry's host and what stands behind it. Looser than a reference may be, so that a wrong one is still said."""
_DEPENDENCIES: Final = frozenset({"--include-deps", "--with-dependencies"})


def destinations_of(command: Sequence[str]) -> Destinations:
    """What a command pushes; of a client that is not known, every reference in its arguments."""
    client = client_of(command)
    if client not in CLIENTS:
        return _named(filter(_is_reference, (word.rpartition("=")[2] for word in command[1:])))
    words = [command[position] for position in _positions(command)]
    match _where(CLIENTS[client], words):
        case (Where.LAST | Where.FIRST) as where:
            found = _references(command, words)
            return _named(found[-1:] if where is Where.LAST else found[:1])
        case (Where.TAGS | Where.PUSHED_TAGS) as where:
            return _named(_tags(command) if where is Where.PUSHED_TAGS or _is_pushed(command) else ())
        case Where.BAKE:
            return InFile("bake", _printing_bake(command), all_are_pushed=_is_pushed(command))
        case Where.COMPOSE:
            return _compose(command)
        case None:
            return NoPush()


def client_of(command: Sequence[str]) -> str:
    """The client's name, however its program is called."""
    return PurePath(command[0]).name.removesuffix(".exe")


def _positions(command: Sequence[str]) -> Iterator[int]:
    """Where in a command something stands that is neither an option nor the value of one."""
    before = ""
    for position, word in enumerate(command[1:], start=1):
        if not word.startswith("-") and before not in VALUED:
            yield position
        before = word


def _where(known: Mapping[tuple[str, ...], Where], words: Sequence[str]) -> Where | None:
    """The rule of the subcommand: of those that may be meant the one that begins first, then the longest.

    Options with values may stand between its words.
    """
    meant = [verbs for verbs in known if _stand_in_order(verbs, words)]
    best = min(meant, key=lambda verbs: (words.index(verbs[0]), -len(verbs)), default=None)
    return known[best] if best else None


def _stand_in_order(verbs: Sequence[str], words: Sequence[str]) -> bool:
    rest = iter(words)
    return all(verb in rest for verb in verbs)


def _named(references: Iterable[str]) -> Named | NoPush:
    found = tuple(dict.fromkeys(references))
    return Named(found) if found else NoPush()


def _is_reference(word: str) -> bool:
    return bool(_REFERENCE.fullmatch(word) or _LOCAL_TRANSPORT.match(word))


def _references(command: Sequence[str], words: Iterable[str]) -> list[str]:
    """Of oras each without its further tags, `:1,2`: https://oras.land/docs/commands/oras_push."""
    if not LOCAL_DESTINATIONS.isdisjoint(command):
        return []
    found = filter(_is_reference, words)
    return [word.partition(",")[0] for word in found] if client_of(command) == "oras" else list(found)


def _tags(command: Sequence[str]) -> Iterator[str]:
    yield from option_values(command, short="-t", long="--tag")
    for output in _outputs(command):
        yield from filter(None, output.get("name", "").split(","))


def _outputs(command: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """The values of --output, in which a quoted field may name several images."""
    for value in option_values(command, short="-o", long="--output"):
        yield output_fields(value)


def output_fields(output: str) -> dict[str, str]:
    """The fields of an output, as `type=image,push=true`: https://docs.docker.com/build/exporters/image-registry/."""
    fields = next(csv.reader([output]), [])
    return dict(field.split("=", 1) for field in fields if "=" in field)


def is_pushing(output: Mapping[str, object]) -> bool:
    """Whether an output with these fields pushes what is built."""
    return output.get("type") == "registry" or str(output.get("push")).lower() == "true"


def _is_pushed(command: Sequence[str]) -> bool:
    return "--push" in command or "--push=true" in command or any(map(is_pushing, _outputs(command)))


def option_values(command: Sequence[str], *, short: str, long: str) -> Iterator[str]:
    """Every value of an option, in each of the forms `-t x`, `-tx`, `--tag x` and `--tag=x`."""
    arguments = iter(command)
    for argument in arguments:
        if argument in {short, long}:
            value = next(arguments, None)
            if value is not None:
                yield value
        elif argument.startswith(f"{long}="):
            yield argument.removeprefix(f"{long}=")
        elif argument.startswith(short) and not argument.startswith("--") and len(argument) > len(short):
            yield argument.removeprefix(short).removeprefix("=")


def _printing_bake(command: Sequence[str]) -> tuple[str, ...]:
    """The same command, printing what it would build: https://docs.docker.com/reference/cli/docker/buildx/bake/."""
    rest = [argument for argument in command if argument not in {"--push", "--push=true", "--load"}]
    return (*rest, "--print")


def _compose(command: Sequence[str]) -> InFile | NoPush:
    """`docker compose … push api web` as `docker compose … config`, for the services api and web."""
    positions = list(_positions(command))
    verb = next(position for position in positions if command[position] in {"push", "build"})
    if command[verb] == "build" and not _is_pushed(command):
        return NoPush()
    services = tuple(command[position] for position in positions if position > verb)
    with_dependencies = not _DEPENDENCIES.isdisjoint(command)
    return InFile("compose", (*command[:verb], "config"), services, with_dependencies=with_dependencies)
