"""Images that files name: bake files, compose files, or plain lists. Pure except for the files that it receives.

Only what a push would write counts: the tags and registry caches of a bake file's targets, and those of services that
are built. What cannot be read as such is an error, since a guess would create a wrong repository, or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from deployer.errors import ConfigurationError
from deployer.pushing.bake_blocks import BakeFile, read_bake_hcl, read_bake_json
from deployer.pushing.bake_files import images_of_bake
from deployer.pushing.compose_files import Files, images_of_compose
from deployer.pushing.hcl_functions import HclError
from deployer.pushing.interpolation import LET_THE_CLIENT_READ_IT
from handler.json_values import JsonValue

Kind = Literal["bake-hcl", "bake-json", "compose", "list"]

_BY_SUFFIX: Final[Mapping[str, Kind]] = {".hcl": "bake-hcl", ".yml": "compose", ".yaml": "compose"}
_COMPOSE: Final = re.compile(r"^(?:services|include)[ \t]*:", re.MULTILINE)
_HCL: Final = re.compile(r'^[ \t]*(?:target|group|variable|function)[ \t]+"?[\w-]+"?[ \t]*\{', re.MULTILINE)
_JSON: Final = re.compile(r'\s*(?:\{|\[\s*["\]])')
"""Not a host as `[::1]`, which begins with a bracket too."""
_WORD: Final = re.compile(r"[^\s,\"']+")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_DEFAULT_COMPOSE: Final = frozenset(["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"])
_COMPOSE_OVERRIDES: Final = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""In the order in which compose looks for them; it takes the first."""
_DEFAULT_BAKE: Final = frozenset(["docker-bake.json", "docker-bake.hcl"])
_BAKE_OVERRIDES: Final = ("docker-bake.override.json", "docker-bake.override.hcl")
"""bake reads both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ImageFile:
    path: PurePath
    text: str
    kind: Kind


def references_in_files(paths: Sequence[PurePath], files: Files, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The images that files name, each once; `environment` has the values of variables.

    Compose files of one folder are one project, as with several `-f` of `docker compose`, and all bake files are one,
    as with several `-f` of bake. One that has its default name is read with its override file. Raises
    ConfigurationError naming the file, the service or the target if a part cannot be read.
    """
    given = [_read(path, files) for path in paths]
    found: list[str] = []
    bake = [file for file in given if file.kind in {"bake-json", "bake-hcl"}]
    folders = dict.fromkeys(file.path.parent for file in given if file.kind == "compose")
    for file in given:
        if file.kind == "list":
            found += _in_list(file)
    for folder in folders:
        project = [file for file in given if file.kind == "compose" and file.path.parent == folder]
        texts = _Texts(files, {file.path: file.text for file in project})
        with_overrides = [file.path for file in project] + _compose_override(project, files)
        found += images_of_compose(with_overrides, texts, environment)
    if bake:
        found += _in_bake([*bake, *_bake_overrides(bake, files)], environment, is_one=len(bake) == 1)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Texts:
    """Files with a cache: standard input and named pipes can be read only once."""

    files: Files
    texts: Mapping[PurePath, str]

    def read(self, path: PurePath) -> str:
        return self.texts[path] if path in self.texts else self.files.read(path)

    def exists(self, path: PurePath) -> bool:
        return path in self.texts or self.files.exists(path)


def _read(path: PurePath, files: Files) -> _ImageFile:
    text = files.read(path).replace("\r\n", "\n")
    return _ImageFile(path=path, text=text, kind=_kind_of(path, text))


def _kind_of(path: PurePath, text: str) -> Kind:
    """By the file's name, and for JSON by its content; what has another name, as standard input, by its content."""
    suffix = path.suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix == ".json" or _JSON.match(text):
        return _kind_of_json(json_of(path, text))
    if _COMPOSE.search(text):
        return "compose"
    return "bake-hcl" if _HCL.search(text) else "list"


def _kind_of_json(document: object) -> Kind:
    if isinstance(document, list) or (isinstance(document, dict) and isinstance(document.get("tags"), list)):
        return "list"
    is_compose = isinstance(document, dict) and not {"services", "include"}.isdisjoint(document)
    return "compose" if is_compose else "bake-json"


def _in_list(file: _ImageFile) -> Iterator[str]:
    """One image a line, or several with commas or blanks between them; `#` begins a comment.

    In JSON a list of texts, or an object whose `tags` are one, as docker/metadata-action gives it.
    """
    if _JSON.match(file.text):
        document = json_of(file.path, file.text)
        yield from (str(item) for item in (document if isinstance(document, list) else document["tags"]))
        return
    for line in file.text.splitlines():
        yield from _WORD.findall(_COMMENT.sub("", line))


def _compose_override(project: Sequence[_ImageFile], files: Files) -> list[PurePath]:
    """The override file that `docker compose` merges if no files are named."""
    path = project[0].path
    if len(project) > 1 or path.name not in _DEFAULT_COMPOSE:
        return []
    overrides = (path.with_name(name) for name in _COMPOSE_OVERRIDES)
    return [override for override in overrides if files.exists(override)][:1]


def _bake_overrides(given: Sequence[_ImageFile], files: Files) -> list[_ImageFile]:
    path = given[0].path
    if len(given) > 1 or path.name not in _DEFAULT_BAKE:
        return []
    overrides = (path.with_name(name) for name in _BAKE_OVERRIDES)
    return [_read(override, files) for override in overrides if files.exists(override)]


def _in_bake(given: Sequence[_ImageFile], environment: Mapping[str, str], *, is_one: bool) -> Iterator[str]:
    """The images of all files together; and of each alone, since they may be of several projects."""
    yield from images_of_bake(given[0].path, _bake_file(given), environment)
    if is_one:
        return
    for file in given:
        try:
            yield from images_of_bake(file.path, _bake_file([file]), environment)
        except ConfigurationError:  # it needs the others, which are read above
            continue


def _bake_file(given: Sequence[_ImageFile]) -> BakeFile:
    bake = BakeFile()
    for file in given:
        try:
            if file.kind == "bake-hcl":
                read_bake_hcl(file.text, bake)
            else:
                read_bake_json(_object(file.path, json_of(file.path, file.text)), bake)
        except HclError as error:
            raise ConfigurationError(f"{file.path}: {error}", next_step=LET_THE_CLIENT_READ_IT) from error
    return bake


def in_bake_document(path: PurePath, document: object) -> Iterator[str]:
    """The images of a bake file that bake itself printed, with every variable replaced."""
    bake = BakeFile()
    try:
        read_bake_json(_object(path, document), bake)
    except HclError as error:
        raise ConfigurationError(f"{path}: {error}", next_step=LET_THE_CLIENT_READ_IT) from error
    yield from images_of_bake(path, bake, {})


def _object(path: PurePath, document: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(document, dict):
        raise ConfigurationError(
            f"{path}: not a bake file: it has no `target`", next_step="Give a bake or compose file."
        )
    return document


def json_of(path: PurePath, text: str) -> JsonValue:
    """Raises ConfigurationError naming the file if the text is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not JSON: {error}", next_step="Correct the file.") from error
