"""The images that a client pushes, from the bake or compose file that it resolved and printed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath

from deployer.pushing.build_outputs import is_pushing, output_fields
from deployer.pushing.client_destinations import InFile
from deployer.pushing.compose_files import in_compose_file
from deployer.pushing.compose_services import Written, images_of_services
from deployer.pushing.image_files import in_bake_document, json_of
from handler.json_values import JsonValue


def references_in_document(file: InFile, text: str) -> tuple[str, ...]:
    """The images that will be pushed of a document that a client resolved."""
    path = PurePath(PurePath(file.command[0]).name)
    if file.kind == "bake":
        document = json_of(path, text)
        found = in_bake_document(path, document if file.all_are_pushed else _pushed_targets(document))
    else:
        services = _requested_services(file, in_compose_file(path, text))
        found = images_of_services(services, where=str(path), written=_written(file))
    return tuple(dict.fromkeys(found))


def _written(file: InFile) -> Written:
    """What a command of compose writes of its services: `x-bake` is for bake alone."""
    return Written(caches=file.is_built, unnamed=file.is_built, extensions=False)


def _pushed_targets(document: object) -> object:
    """A bake file's targets with what they push: tags if their own outputs push, and caches always."""
    targets = document.get("target") if isinstance(document, dict) else None
    if not isinstance(targets, dict):
        return document
    return {"target": {name: _pushed(body) for name, body in targets.items()}}


def _pushed(target: object) -> object:
    if not isinstance(target, dict) or any(map(is_pushing, _outputs(target))):
        return target
    return {"cache-to": target.get("cache-to")}


def _outputs(target: Mapping[str, JsonValue]) -> Iterator[Mapping[str, object]]:
    """The outputs of a target, each of which bake prints as text or as its fields."""
    for output in target.get("output") or ():
        yield output if isinstance(output, dict) else output_fields(str(output))


def _requested_services(file: InFile, services: Mapping[str, object]) -> dict[str, object]:
    if not file.services:
        return dict(services)
    requested = dict.fromkeys(file.services)
    if file.with_dependencies:
        waiting = list(requested)
        while waiting:
            body = services.get(waiting.pop())
            needed = list((body.get("depends_on") if isinstance(body, dict) else None) or ())
            waiting += [name for name in needed if name not in requested]
            requested |= dict.fromkeys(needed)
    return {name: body for name, body in services.items() if name in requested}
