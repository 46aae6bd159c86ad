"""The check for a login, where the client itself finds it: its own files, its helpers, its command."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from deployer.errors import DeployerError
from deployer.pushing.client_arguments import option_values
from deployer.pushing.client_wrappers import program_name
from deployer.pushing.images import Registry
from handler.json_values import JsonValue

_ENGINES: Final = frozenset({"docker", "docker-compose", "nerdctl", "finch"})
_CHECKED: Final = _ENGINES | {"podman", "buildah", "skopeo", "crane", "oras"}
"""Those whose login files are known."""
_LOGIN: Final = {"crane": "crane auth login", "docker-compose": "docker login"}
_SCRIPT_BYTES: Final = 1_024
_CREDENTIALS: Final = frozenset(
    [
        "--creds",
        "--dest-creds",
        "--dest-no-creds",
        "--dest-password",
        "--dest-registry-token",
        "--dest-username",
        "--password",
        "--password-stdin",
        "--identity-token",
        "--identity-token-stdin",
        "--registry-token",
        "--to-identity-token",
        "--to-password",
        "--to-registry-token",
        "--to-username",
        "--username",
        "-u",
    ]
)
"""Options that contain a command's own login."""


class LoginError(DeployerError):
    """There is no login for a registry."""

    exit_code: ClassVar[int] = 22


def check_login(command: Sequence[str], registries: Sequence[Registry], environment: Mapping[str, str]) -> None:
    """Raise LoginError for the first registry that none of the client's own login files knows.

    The login files of other clients are not known, so those are not checked.
    """
    client = program_name(command[0])
    if client not in _CHECKED or any(argument.partition("=")[0] in _CREDENTIALS for argument in command):
        return
    if _keeps_podmans_logins(command) and any(map(_names_a_helper, _registries_files(environment))):
        return
    known = [_read(path) for path in login_files(command, environment)]
    if client in _ENGINES:
        known.append(_parsed(environment.get("DOCKER_AUTH_CONFIG", "")))  # docker reads it from 28.3 on
    for registry in registries:
        if not any(_knows(file, registry.host) for file in known):
            login = _LOGIN.get(client, f"{client} login")
            raise LoginError(
                f"{client} has no login for {registry.host}",
                next_step=f"aws ecr get-login-password --region {registry.region} |"
                f" {login} --username AWS --password-stdin {registry.host}",
            )


def login_files(command: Sequence[str], environment: Mapping[str, str]) -> list[Path]:
    """The files in which a client searches for logins, in its order.

    containers-auth.json(5) for podman, buildah and skopeo; docker's own file for all, since those read it as well, and
    crane reads podman's.
    """
    client = program_name(command[0])
    home = _home(environment)
    runtime = environment.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    named = [Path(value) for value in _named_files(command)]
    docker = Path(environment.get("DOCKER_CONFIG", str(home / ".docker"))) / "config.json"
    if client == "finch":
        return [*named, home / ".finch" / "config.json", docker]
    if client != "crane" and not _keeps_podmans_logins(command):
        return [*named, docker]
    variable = environment.get("REGISTRY_AUTH_FILE")
    return [
        *named,
        *([Path(variable)] if variable else []),
        Path(runtime) / "containers" / "auth.json",
        Path(environment.get("XDG_CONFIG_HOME", str(home / ".config"))) / "containers" / "auth.json",
        docker,
    ]


def all_login_files(environment: Mapping[str, str]) -> list[Path]:
    """The files in which any client searches for logins."""
    found = (path for client in ("docker", "podman", "finch") for path in login_files([client], environment))
    return list(dict.fromkeys(found))


def _named_files(command: Sequence[str]) -> Iterator[str]:
    """Files of logins that the command itself names; docker names the folder."""
    for option in ("--authfile", "--dest-authfile", "--registry-config", "--to-registry-config"):
        yield from option_values(command, option)
    if program_name(command[0]) in _ENGINES:
        yield from (f"{folder}/config.json" for folder in option_values(command, "--config"))


def _home(environment: Mapping[str, str]) -> Path:
    try:
        return Path(environment.get("HOME", "~")).expanduser()
    except RuntimeError:  # no HOME, and a user whom the system does not know
        return Path("/")


def _keeps_podmans_logins(command: Sequence[str]) -> bool:
    """Podman's family, and a program called docker that is podman: the package podman-docker is a script around it."""
    client = program_name(command[0])
    if client != "docker":
        return client in {"podman", "buildah", "skopeo"}
    program = shutil.which(command[0])
    if program is None:
        return False
    with Path(program).open("rb") as file:
        return Path(program).resolve().name == "podman" or b"podman" in file.read(_SCRIPT_BYTES)


def _registries_files(environment: Mapping[str, str]) -> list[Path]:
    """The files that name credential helpers for podman, buildah and skopeo: containers-registries.conf(5)."""
    if named := environment.get("CONTAINERS_REGISTRIES_CONF"):
        return [Path(named)]
    own = Path(environment.get("XDG_CONFIG_HOME", str(_home(environment) / ".config"))) / "containers"
    folders = [own, Path("/etc/containers")]
    return [
        path
        for folder in folders
        for path in (folder / "registries.conf", *sorted((folder / "registries.conf.d").glob("*.conf")))
    ]


def _names_a_helper(path: Path) -> bool:
    """Whether logins come from a program for all registries, which may have one; the client reports if not."""
    try:
        if not path.is_file():  # a pipe may never end
            return False
        helpers = tomllib.loads(path.read_text(encoding="utf-8")).get("credential-helpers", [])
    except (OSError, ValueError):
        return False
    return isinstance(helpers, list) and any(helper != "containers-auth.json" for helper in helpers)


def _read(path: Path) -> Mapping[str, JsonValue]:
    try:
        return _parsed(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError):
        return {}


def _parsed(text: str) -> Mapping[str, JsonValue]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _knows(file: Mapping[str, JsonValue], host: str) -> bool:
    """A login, a helper for the host, or a store for all hosts (which may have it; the client reports if not)."""
    auths, helpers = file.get("auths") or {}, file.get("credHelpers") or {}
    logins = {str(name).removeprefix("https://").partition("/")[0] for name in auths}
    return host in logins or host in helpers or bool(file.get("credsStore"))
