"""The images of the services that compose files build: https://docs.docker.com/reference/compose-file/. Pure.

Files are read as compose reads them: every document, `extends` and `include`, and later files merged over earlier ones.
What cannot be read is an error, so that no service is left out silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final, Protocol

from deployer.errors import ConfigurationError, DeployerError
from deployer.pushing.compose_services import Services, Text, Variables, images_of_services, sequence_of
from deployer.pushing.compose_yaml import Override, Reset, documents_of, merged
from deployer.pushing.environment_files import environment_file
from deployer.pushing.interpolation import LET_THE_CLIENT_READ_IT, interpolated
from handler.json_values import JsonValue

_REMOTE: Final = ("://", "git@", "github.com/")
_ENVIRONMENT_FILES: Final = "COMPOSE_ENV_FILES"
_NO_ENVIRONMENT_FILE: Final = "COMPOSE_DISABLE_ENV_FILE"
_NO_FILE: Final = "/dev/null"
_CORRECT: Final = "Correct the file."


class Files(Protocol):
    """The files that a compose file names."""

    def read(self, path: PurePath) -> str:
        """The text of a file. Raises DeployerError if it cannot be read."""

    def exists(self, path: PurePath, /) -> bool:
        """Whether a file exists."""


def images_of_compose(paths: Sequence[PurePath], files: Files, environment: Variables) -> Iterator[str]:
    """The images of every service that is built, also its further tags and its caches in registries.

    Services count whatever their profiles. Variables come from the environment, then from `.env` beside the first file,
    or of the files that COMPOSE_ENV_FILES names instead.
    """
    project = _Project(files=files, folder=paths[0].parent)
    variables = project.variables(environment)
    try:
        yield from images_of_services(project.services(paths, variables), where=str(paths[0]))
    except RecursionError as error:
        raise ConfigurationError(f"{paths[0]}: it is nested too deeply", next_step=_CORRECT) from error


def in_compose_file(path: PurePath, text: str) -> Services:
    """The services of a compose file that names no other and no variable, as `docker compose config` prints it."""
    return _Project(files=_NoFiles(), folder=path.parent).services([path], {}, texts={path: text})


def with_environment_file(folder: PurePath, files: Files, environment: Variables) -> Variables:
    """The variables of `.env` in a folder, over which the environment's win."""
    path = folder / ".env"
    return environment_file(files.read(path), environment) if files.exists(path) else environment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """Where `extends` is being followed: the services that can be named there, and those that led there."""

    path: PurePath
    folder: PurePath
    variables: Variables
    services: Services
    extending: tuple[tuple[PurePath, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    """Reads services. Relative paths begin in `folder`; `including` are the files whose `include` is being followed."""

    files: Files
    folder: PurePath
    including: tuple[PurePath, ...] = ()

    def variables(self, environment: Variables) -> Variables:
        """https://docs.docker.com/compose/how-tos/environment-variables/envvars/, with the environment's own."""
        if environment.get(_NO_ENVIRONMENT_FILE, "").lower() in {"true", "1"}:
            return environment
        named = [each.strip() for each in environment.get(_ENVIRONMENT_FILES, "").split(",") if each.strip()]
        if not named:
            return with_environment_file(self.folder, self.files, environment)
        known = dict(environment)
        for each in reversed(named):
            known = environment_file(self._read(PurePath(each), where=_ENVIRONMENT_FILES), known)
        return known

    def services(
        self, paths: Sequence[PurePath], variables: Variables, *, texts: Mapping[PurePath, str] | None = None
    ) -> Services:
        """The services of files, each merged over those before it. Raises ConfigurationError if there are none."""
        services: Services = {}
        is_compose = False
        for path in paths:
            text = (texts or {}).get(path)
            for document in documents_of(path, self.files.read(path) if text is None else text):
                is_compose |= not {"services", "include"}.isdisjoint(document)
                services = merged(services, self._of_document(document, path, variables, services))
        if not is_compose:
            raise ConfigurationError(
                f"{paths[0]}: not a compose file: it has no `services`", next_step="Give a bake or compose file."
            )
        return services

    def _of_document(
        self, document: Mapping[str, JsonValue], path: PurePath, variables: Variables, earlier: Services
    ) -> Services:
        own = _declared(document, path, variables)
        level = _Level(path=path, folder=self.folder, variables=variables, services={**earlier, **own})
        extended = {name: self._extended(name, level) for name in own}
        for entry in sequence_of(document.get("include")):
            for name, service in self._included(entry, path, variables).items():
                extended[name] = merged(service, extended[name]) if name in extended else service
        return extended

    def _extended(self, name: str, level: _Level) -> JsonValue:
        """A service merged over the one that it extends."""
        service, path = level.services[name], level.path
        extends = service.get("extends") if isinstance(service, dict) else None
        if not extends or isinstance(extends, Reset):
            return service
        where = f"{path}: service {name}"
        if (path, name) in level.extending:
            raise ConfigurationError(f"{where} extends itself", next_step=_CORRECT)
        base, file = _extended_service(extends, level.variables, where=where)
        below = replace(level, extending=(*level.extending, (path, name)))
        if file is not None:
            path = _local(level.folder, file, where=where)
            declared = self._declared_in(path, level.variables, where=where)
            below = replace(below, path=path, folder=path.parent, services=declared)
        if base not in below.services:
            raise ConfigurationError(f"{where} extends {base}, which {path} does not have", next_step=_CORRECT)
        own = {key: value for key, value in service.items() if key != "extends"}
        return merged(self._extended(base, below), own)

    def _declared_in(self, path: PurePath, variables: Variables, *, where: str) -> Services:
        services: Services = {}
        for document in documents_of(path, self._read(path, where=where)):
            services = merged(services, _declared(document, path, variables))
        return services

    def _included(self, entry: object, path: PurePath, variables: Variables) -> Services:
        where = f"{path}: include"
        body = entry if isinstance(entry, dict) else {"path": entry}
        given = [interpolated(str(each), variables, where=where) for each in sequence_of(body.get("path"))]
        paths = [_local(self.folder, each, where=where) for each in given]
        if not paths:
            raise ConfigurationError(f"{where}: an entry has no `path`", next_step=_CORRECT)
        if again := next((each for each in paths if each in (path, *self.including)), None):
            raise ConfigurationError(f"{where}: {again} includes itself", next_step=_CORRECT)
        folder = paths[0].parent
        if body.get("project_directory"):
            folder = self.folder / interpolated(str(body["project_directory"]), variables, where=where)
        known = self._variables_of(body, folder, variables, where=where)
        texts = {each: self._read(each, where=where) for each in paths}
        project = _Project(files=self.files, folder=folder, including=(*self.including, path))
        return project.services(paths, known, texts=texts)

    def _variables_of(
        self, body: Mapping[str, object], folder: PurePath, variables: Variables, *, where: str
    ) -> Variables:
        given = [interpolated(str(each), variables, where=where) for each in sequence_of(body.get("env_file"))]
        if not given:
            return with_environment_file(folder, self.files, variables)
        known = dict(variables)
        for each in reversed([each for each in given if each != _NO_FILE]):
            known = environment_file(self._read(_local(self.folder, each, where=where), where=where), known)
        return known

    def _read(self, path: PurePath, *, where: str) -> str:
        try:
            return self.files.read(path)
        except DeployerError as error:
            raise ConfigurationError(f"{where}: {error.message}", next_step=LET_THE_CLIENT_READ_IT) from error


class _NoFiles:
    """Files of which only one text is available."""

    def read(self, path: PurePath) -> str:
        raise ConfigurationError(f"{path} is not read", next_step=LET_THE_CLIENT_READ_IT)

    def exists(self, _path: PurePath) -> bool:
        return False


def _declared(document: Mapping[str, JsonValue], path: PurePath, variables: Variables) -> Services:
    """The services of one document, reduced to what their images follow from."""
    services = document.get("services")
    if services is None:
        return {}
    if not isinstance(services, dict):
        raise ConfigurationError(f"{path}: `services` is not a map", next_step=_CORRECT)
    return {str(name): _reduced(body, variables, where=f"{path}: service {name}") for name, body in services.items()}


def _reduced(body: object, variables: Variables, *, where: str) -> object:
    if isinstance(body, Reset):
        return body
    if isinstance(body, Override):
        return Override(_reduced(body.value, variables, where=where))
    if not isinstance(body, dict | None):
        raise ConfigurationError(f"{where}: it is not a map", next_step=_CORRECT)
    found = {key: _texts(value, variables) for key, value in (body or {}).items() if key in {"image", "build"}}
    if isinstance(found.get("build"), Text):
        found["build"] = {"context": found["build"]}
    return found | {key: value for key, value in (body or {}).items() if key in {"extends", "depends_on"}}


def _texts(value: object, variables: Variables) -> object:
    match value:
        case str():
            return Text(value, variables)
        case dict():
            return {key: _texts(item, variables) for key, item in value.items()}
        case list():
            return [_texts(item, variables) for item in value]
        case Override(inner):
            return Override(_texts(inner, variables))
    return value


def _extended_service(extends: object, variables: Variables, *, where: str) -> tuple[str, str | None]:
    """The service that is extended, and the file that has it, if it is another."""
    body = extends if isinstance(extends, dict) else {"service": extends}
    service, file = body.get("service"), body.get("file")
    if not service:
        raise ConfigurationError(f"{where}: `extends` names no service", next_step=_CORRECT)
    resolved = interpolated(str(service), variables, where=where)
    return resolved, interpolated(str(file), variables, where=where) if file else None


def _local(folder: PurePath, file: str, *, where: str) -> PurePath:
    """A file that another names; a relative path begins in a folder."""
    if file.startswith(_REMOTE) or "://" in file:
        raise ConfigurationError(f"{where}: {file} is not on this machine", next_step=LET_THE_CLIENT_READ_IT)
    return folder / file
