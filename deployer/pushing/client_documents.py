"""What a client says that its bake or compose file comes to, and which images of that it will push. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from deployer.pushing.client_commands import InFile, is_pushing, output_fields
from deployer.pushing.image_files import in_bake_file, in_compose_file, json_of, yaml_of


def references_in_document(asked: InFile, text: str) -> tuple[str, ...]:
    """The images that will be pushed of a document that a client resolved."""
    path = PurePath(PurePath(asked.command[0]).name)
    if asked.kind == "bake":
        document = json_of(path, text)
        found = in_bake_file(path, document if asked.all_are_pushed else _pushed_targets(document), {})
    else:
        found = in_compose_file(path, _services_asked_for(asked, yaml_of(path, text)), {})
    return tuple(dict.fromkeys(found))


def _pushed_targets(document: Any) -> Any:
    """A bake file's targets whose own outputs push; bake prints an output as text, or as its fields."""
    targets = document.get("target") if isinstance(document, dict) else None
    if not isinstance(targets, dict):
        return document
    return {"target": {name: body for name, body in targets.items() if any(map(is_pushing, _outputs(body)))}}


def _outputs(target: Any) -> Iterator[Mapping[str, object]]:
    for output in (target.get("output") if isinstance(target, dict) else None) or ():
        yield output if isinstance(output, dict) else output_fields(str(output))


def _services_asked_for(asked: InFile, document: Any) -> Any:
    services = document.get("services") if isinstance(document, dict) else None
    if not asked.services or not isinstance(services, dict):
        return document
    wanted = dict.fromkeys(asked.services)
    if asked.with_dependencies:
        waiting = list(wanted)
        while waiting:
            body = services.get(waiting.pop())
            needed = list((body.get("depends_on") if isinstance(body, dict) else None) or ())
            waiting += [name for name in needed if name not in wanted]
            wanted |= dict.fromkeys(needed)
    return {"services": {name: body for name, body in services.items() if name in wanted}}
