"""What a container client's command line is going to push, read from the command line alone. Pure.

Only destinations count: asking for the repository of a source would make one that nobody wants. Where the command
names its images in a file (bake, compose), the client itself is asked to resolve it, since only it knows its own rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from deployer.client_table import CLIENTS, PATHS, Where


@dataclass(frozen=True, slots=True)
class Named:
    """The references stand in the command itself, in the order in which they are pushed."""

    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InFile:
    """Run `command` to hear, on its standard output, what the file of this kind names: bake says JSON, compose YAML."""

    kind: Literal["bake", "compose"]
    command: tuple[str, ...]
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoPush:
    """The command pushes nothing."""


Destinations = Named | InFile | NoPush


_LOCAL_TRANSPORT: Final = re.compile(
    r"(?:dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|ostree|sif|tarball):"
)
_REGISTRY: Final = re.compile(r"(?:[\w-]+:/*)?(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d+)?/[^/]")


def destinations_of(command: Sequence[str]) -> Destinations:
    """What a command pushes; of a client that is not known, every reference in its arguments."""
    client = PurePath(command[0]).name.removesuffix(".exe")
    known = CLIENTS.get(client)
    if known is None:
        return _named(filter(_is_reference, (word.rpartition("=")[2] for word in command[1:])))
    words = list(_words(command))
    where = _where(known, words)
    match where:
        case None:
            return NoPush()
        case Where.LAST | Where.FIRST:
            references = [word for word in words if _is_reference(word)]
            return _named(references[-1:] if where is Where.LAST else references[:1])
        case Where.TAGS | Where.PUSHED_TAGS:
            is_pushed = where is Where.PUSHED_TAGS or _is_pushed(command)
            return _named(_tags(command)) if is_pushed else NoPush()
        case Where.BAKE:
            return InFile("bake", _printing_bake(command)) if _is_pushed(command) else NoPush()
        case Where.COMPOSE:
            return _compose(command)


def _words(command: Sequence[str]) -> Iterator[str]:
    """What is neither an option nor a path that belongs to one."""
    before = ""
    for word in command[1:]:
        if not word.startswith("-") and before not in PATHS:
            yield word
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
    return bool(_REGISTRY.match(word) or _LOCAL_TRANSPORT.match(word))


def _tags(command: Sequence[str]) -> Iterator[str]:
    yield from option_values(command, short="-t", long="--tag")
    for output in _outputs(command):
        names = dict(part.split("=", 1) for part in output.split(",") if "=" in part).get("name", "")
        yield from filter(None, names.strip('"').split(";"))


def _outputs(command: Sequence[str]) -> Iterator[str]:
    yield from option_values(command, short="-o", long="--output")


def _is_pushed(command: Sequence[str]) -> bool:
    if "--push" in command or "--push=true" in command:
        return True
    return any({"type=registry", "push=true"} & set(output.split(",")) for output in _outputs(command))


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
    verb = next(index for index, word in enumerate(command) if word in {"push", "build"} and index > 1)
    if command[verb] == "build" and not _is_pushed(command):
        return NoPush()
    services = tuple(word for word in command[verb + 1 :] if not word.startswith("-"))
    return InFile("compose", (*command[:verb], "config"), services)
