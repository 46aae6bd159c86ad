"""The images that a command line pushes, from the command line alone. Pure.

What is not known here costs one failed run: the registry's answer names the repository, and the command is run again.
So a client is here only for its destinations, and nothing else of it has to be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from deployer.pushing.client_arguments import parse_arguments
from deployer.pushing.client_builders import BUILDERS
from deployer.pushing.client_copiers import COPIERS
from deployer.pushing.client_destinations import Call, Client, Destination, InChart, InFile
from deployer.pushing.client_engines import ENGINES
from deployer.pushing.client_failures import references_in_text
from deployer.pushing.client_shell import UNRESOLVED
from deployer.pushing.client_wrappers import SimpleCommand, simple_commands
from deployer.pushing.images import ImageReference, ImageReferenceError, has_registry, parse_image, repository_part

CLIENTS: Final[Mapping[str, Client]] = {**ENGINES, **COPIERS, **BUILDERS}

_LOCAL: Final = re.compile(
    r"(?:dir|oci(?!://)|oci-archive|docker-archive|docker-daemon|containers-storage|ostree|sif|tarball|ocidir|library"
    r"|oci-layout|tar|file|atomic|ko\.local|kind\.local)(?::|/|$)|(?!(?:docker|oci|oras|https?):)[a-z][a-z0-9+.-]*://"
)
"""Transports that do not lead to a registry, and those that are not known."""


def destinations_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[Destination, ...]:
    """What a command pushes, each once; `environment` is its own. Empty if that is nothing, or not known."""
    found = (each for inner in simple_commands(command, environment) for each in _destinations(inner))
    return tuple(dict.fromkeys(each for each in map(_without_unresolved_tag, found) if _is_known(each)))


def known_client(command: SimpleCommand) -> Client | None:
    """The client of a command, if it is known."""
    return CLIENTS.get(command.program)


def _destinations(command: SimpleCommand) -> Iterator[Destination]:
    client = known_client(command)
    verb = client.verb_of(command.words) if client else None
    if verb is None:
        return
    rule, behind = verb
    arguments = parse_arguments(command.words[behind:], rule.valued)
    yield from rule.rule(Call(command=command, before=command.words[:behind], arguments=arguments))


def _without_unresolved_tag(destination: Destination) -> Destination:
    """In a script, often only the shell can determine a tag, and the repository does not depend on it."""
    if isinstance(destination, str) and UNRESOLVED in destination and has_registry(destination):
        return repository_part(destination)
    return destination


def _is_known(destination: Destination) -> bool:
    """Whether it leads to a registry, and all of it can be read."""
    match destination:
        case InFile(command=command, environment=environment):
            return not any(UNRESOLVED in text for text in (*command, *environment.values()))
        case InChart(archive=archive, registry=registry):
            return UNRESOLVED not in archive + registry
        case _:
            return UNRESOLVED not in destination and not _LOCAL.match(destination)


@dataclass(frozen=True, slots=True)
class CommandTexts:
    """The registries that a command names, for errors of its client that lack the region.

    `sources` ("account/region/name") are named and not pushed to: they are never created, unless the client's error
    says that it was writing to them. `in_scripts` are the images that its scripts push, for errors that name nothing.
    """

    texts: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()
    in_scripts: tuple[ImageReference, ...] = ()


def command_texts(
    command: Sequence[str],
    environment: Mapping[str, str],
    destinations: Sequence[ImageReference],
    files: Sequence[str] = (),
) -> CommandTexts:
    """The texts in the order of their worth: destinations, the command, its environment, and `files` that it reads."""
    inner = list(simple_commands(command, environment))
    known = [each for each in inner if (client := known_client(each)) and client.verb_of(each.words)]
    named = {image.repository_key for each in known for image in _images_in(" ".join(each.words))}
    variables = {value for each in inner for value in each.environment.values() if references_in_text(f"{value}/x")}
    return CommandTexts(
        texts=(" ".join(map(str, destinations)), " ".join(command), " ".join(sorted(variables)), *files),
        sources=frozenset(named - {image.repository_key for image in destinations}),
        in_scripts=tuple(image for text in files for image in _images_of_script(text, environment)),
    )


def _images_of_script(text: str, environment: Mapping[str, str]) -> Iterator[ImageReference]:
    for destination in destinations_of(["sh", "-c", text], environment):
        with suppress(ImageReferenceError):
            if isinstance(destination, str) and (image := parse_image(destination)):
                yield image


def _images_in(text: str) -> Iterator[ImageReference]:
    for reference in references_in_text(text):
        with suppress(ImageReferenceError):
            if image := parse_image(reference):
                yield image
