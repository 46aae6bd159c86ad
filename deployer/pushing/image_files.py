"""Images that a file names: a bake file, a compose file, or a plain list. Pure: text and variables in, references out.

Only what a push would write counts: the tags of a bake file's targets, and the images of services that are built.
A variable that has neither a value nor a default is an error, since a guess would make a wrong repository.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

import yaml

from deployer.errors import ConfigurationError
from deployer.pushing.interpolation import LET_THE_CLIENT_READ_IT, interpolated

_COMPOSE: Final = re.compile(r"^services:", re.MULTILINE)


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

    `.json` is a bake file, `.yml` and `.yaml` a compose file; what has another name, as standard input, is what it
    looks like, else a list: one image a line, `#` begins a comment. Raises ConfigurationError naming the file when it
    cannot be read as such.
    """
    match path.suffix.lower():
        case ".hcl":
            raise ConfigurationError(
                f"{path}: bake files in HCL are not read",
                next_step=f"Let docker read it: `docker buildx bake --print -f {path} | deployer ensure --file -`.",
            )
        case ".json":
            found = in_bake_file(path, json_of(path, text), variables)
        case ".yml" | ".yaml":
            found = in_compose_file(path, yaml_of(path, text), variables)
        case _ if text.lstrip().startswith("{"):
            found = in_bake_file(path, json_of(path, text), variables)
        case _ if _COMPOSE.search(text):
            found = in_compose_file(path, yaml_of(path, text), variables)
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
    known = _bake_variables(path, document.get("variable"), variables)
    for name, target in targets.items():
        where = f"{path}: target {name}"
        for tag in _texts(target, "tags", where=where):
            for of_matrix in _matrix(target, where=where):
                yield interpolated(tag, {**known, **of_matrix}, where=where)


def _bake_variables(path: PurePath, declared: Any, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment's, over the defaults of those that the file declares, which may name those before them."""
    known: dict[str, str] = {}
    for name, body in declared.items() if isinstance(declared, dict) else ():
        default = body.get("default") if isinstance(body, dict) else None
        if default is not None and name not in variables:
            text = default if isinstance(default, str) else json.dumps(default)
            known[name] = interpolated(text, {**known, **variables}, where=f"{path}: variable {name}")
    return {**known, **variables}


def _matrix(target: Any, *, where: str) -> Iterator[dict[str, str]]:
    """Each combination of values that a target is built with: https://docs.docker.com/build/bake/matrices/."""
    matrix = target.get("matrix") or {}
    values = [_texts(matrix, key, where=f"{where}: matrix") for key in matrix]
    for combination in itertools.product(*values):
        yield dict(zip(matrix, combination, strict=True))


def _texts(body: Any, key: str, *, where: str) -> list[str]:
    """The texts of a list that may be left out."""
    value = body.get(key) if isinstance(body, dict) else None
    if value is None:
        return []
    if not isinstance(value, list) or any(isinstance(item, dict | list) for item in value):
        raise ConfigurationError(f"{where}: `{key}` is no list of texts", next_step=LET_THE_CLIENT_READ_IT)
    return [str(item) for item in value]


def in_compose_file(path: PurePath, document: Any, variables: Mapping[str, str]) -> Iterator[str]:
    """https://docs.docker.com/reference/compose-file/: a service without `build` is pulled, never pushed."""
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        raise ConfigurationError(
            f"{path}: no compose file: it has no `services`", next_step="Give a bake or compose file."
        )
    for name, service in services.items():
        build = service.get("build") if isinstance(service, dict) else None
        if build is None:
            continue
        where = f"{path}: service {name}"
        for image in (service.get("image"), *_texts(build, "tags", where=where)):
            if image:
                yield interpolated(str(image), variables, where=where)


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
