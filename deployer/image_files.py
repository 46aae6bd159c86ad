"""Images that a file names: a bake file, a compose file, or a plain list. Pure: text and variables in, references out.

Only what a push would write counts: the tags of a bake file's targets, and the images of services that are built.
A variable that has neither a value nor a default is an error, since a guess would make a wrong repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

import yaml

from deployer.errors import ConfigurationError

_WORD: Final = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*"
"""What stands behind `:-`: text, with variables inside of variables two deep."""
_VARIABLE: Final = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<word>"
    rf"{_WORD}))?\}})"
)


class _ComposeLoader(yaml.SafeLoader):
    """Knows the tags of compose files: https://docs.docker.com/reference/compose-file/merge/#reset-value."""

    def reset(self, _node: yaml.Node) -> None:
        """`!reset` takes a value away."""

    def override(self, node: yaml.Node) -> Any:
        """`!override` replaces where a merge would add; the value is as without it."""
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return node.value


_ComposeLoader.add_constructor("!reset", _ComposeLoader.reset)
_ComposeLoader.add_constructor("!override", _ComposeLoader.override)


def references_in(path: PurePath, text: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The images that a file names, in its order, each once; `variables` are the environment's.

    `.json` is a bake file, `.yml` and `.yaml` a compose file, anything else a list: one image a line, `#` begins a
    comment. Raises ConfigurationError naming the file when it cannot be read as such.
    """
    match path.suffix.lower():
        case ".json":
            found = in_bake_file(path, json_of(path, text), variables)
        case ".yml" | ".yaml":
            found = in_compose_file(path, yaml_of(path, text), variables)
        case ".hcl":
            raise ConfigurationError(
                f"{path}: bake files in HCL are not read",
                next_step=f"Run `docker buildx bake --print -f {path} > docker-bake.json` and give that file.",
            )
        case _:
            found = _in_list(text)
    return tuple(dict.fromkeys(found))


def _in_list(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if reference := line.partition("#")[0].strip():
            yield reference


def in_bake_file(path: PurePath, document: Any, variables: Mapping[str, str]) -> Iterator[str]:
    """https://docs.docker.com/build/bake/reference/: variables have defaults, the environment wins over them."""
    targets = document.get("target") if isinstance(document, dict) else None
    if not isinstance(targets, dict):
        raise ConfigurationError(f"{path}: no bake file: it has no `target`", next_step="Give a bake or compose file.")
    declared = document.get("variable")
    defaults = {
        name: str(body["default"])
        for name, body in (declared.items() if isinstance(declared, dict) else ())
        if isinstance(body, dict) and body.get("default") is not None
    }
    for name, target in targets.items():
        for tag in target.get("tags") or () if isinstance(target, dict) else ():
            yield interpolated(str(tag), {**defaults, **variables}, where=f"{path}: target {name}")


def in_compose_file(path: PurePath, document: Any, variables: Mapping[str, str]) -> Iterator[str]:
    """https://docs.docker.com/reference/compose-file/: a service without `build` is pulled, never pushed."""
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        raise ConfigurationError(
            f"{path}: no compose file: it has no `services`", next_step="Give a bake or compose file."
        )
    for name, service in services.items():
        if not isinstance(service, dict) or "build" not in service:
            continue
        build = service["build"]
        tags = (build.get("tags") if isinstance(build, dict) else None) or ()
        for image in (service.get("image"), *tags):
            if image:
                yield interpolated(str(image), variables, where=f"{path}: service {name}")


def interpolated(text: str, variables: Mapping[str, str], *, where: str) -> str:
    """Fill in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+other}`; `$$` is a dollar sign.

    A colon makes an empty value count as none. Raises ConfigurationError for a variable that has no value.
    """

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, how, word = match["bare"] or match["name"], match["how"] or "", match["word"] or ""
        found = variables.get(name)
        is_set = bool(found) if how.startswith(":") else found is not None
        if how.endswith("+"):
            return interpolated(word, variables, where=where) if is_set else ""
        if is_set:
            return str(found)
        if how.endswith("-"):
            return interpolated(word, variables, where=where)
        raise ConfigurationError(
            f"{where}: {name} has no value in {text}{f' ({word})' if word else ''}",
            next_step=f"Set {name} in the environment, as for the build itself.",
        )

    return _VARIABLE.sub(value, text)


def json_of(path: PurePath, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{path}: no JSON: {error}", next_step="Correct the file.") from error


def yaml_of(path: PurePath, text: str) -> Any:
    try:
        return yaml.load(text, Loader=_ComposeLoader)  # noqa: S506 - a SafeLoader with two more tags
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: no YAML: {error}", next_step="Correct the file.") from error
