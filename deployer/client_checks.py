"""What a push needs before it can work: the client, its daemon, a login for the registry. Says what is missing.

Looks at what a client itself would use: its program on PATH, its daemon's answer, its own files of logins.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, ClassVar, Final

from deployer.client_commands import option_values
from deployer.client_table import CLIENTS
from deployer.errors import DeployerError
from deployer.images import Registry

_DAEMON_SECONDS: Final = 15
_WITH_DAEMON: Final = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "nerdctl": ("info",),
    "finch": ("info",),
}
_START: Final = {
    "docker": "Start it (`systemctl start docker`, or Docker Desktop), or point DOCKER_HOST at it.",
    "nerdctl": "Start it: `systemctl start containerd`.",
    "finch": "Start it: `finch vm start`.",
}
_GLOBAL_OPTIONS: Final = frozenset(
    [
        "--address",
        "--config",
        "--context",
        "--host",
        "--namespace",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
        "-H",
        "-a",
        "-c",
        "-n",
    ]
)
"""Options before the subcommand that say which daemon is meant, each with a value."""
_ENGINES: Final = frozenset({"docker", "nerdctl", "finch"})
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
        "--username",
        "-u",
    ]
)
"""Options by which a command brings its own login."""


class ClientMissingError(DeployerError):
    """The container client is not installed."""

    exit_code: ClassVar[int] = 127


class DaemonError(DeployerError):
    """The client's daemon does not answer."""

    exit_code: ClassVar[int] = 21


class LoginError(DeployerError):
    """There is no login for a registry."""

    exit_code: ClassVar[int] = 22


def check_client(command: Sequence[str]) -> None:
    """Raise ClientMissingError, or DaemonError when the client's daemon does not answer within 15 seconds."""
    program = command[0]
    if shutil.which(program) is None:
        raise ClientMissingError(f"{program} is not installed", next_step=f"Install {program}, or name it by its path.")
    probe = _WITH_DAEMON.get(PurePath(program).name)
    if probe is None or "buildx" in command:  # buildx has builders that need no daemon of this machine
        return
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own client
            [program, *_global_options(command), *probe],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DAEMON_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _no_daemon(program, f"no answer in {_DAEMON_SECONDS} seconds") from error
    if answer.returncode:
        complaint = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
        raise _no_daemon(program, complaint[-1] if complaint else f"exit code {answer.returncode}")


def _global_options(command: Sequence[str]) -> list[str]:
    """What stands before the subcommand and says which daemon is meant."""
    found: list[str] = []
    arguments = iter(command[1:])
    for argument in arguments:
        if not argument.startswith("-"):
            break
        name = argument.partition("=")[0]
        if name in _GLOBAL_OPTIONS:
            found += [argument] if "=" in argument else [argument, next(arguments, "")]
    return found


def _no_daemon(program: str, complaint: str) -> DaemonError:
    return DaemonError(
        f"The daemon of {program} does not answer: {complaint}",
        next_step=_START.get(PurePath(program).name, ""),
    )


def check_login(command: Sequence[str], registries: Sequence[Registry], environment: Mapping[str, str]) -> None:
    """Raise LoginError for the first registry that none of the client's own login files knows.

    Where a client that is not known keeps its logins is its own affair.
    """
    client = PurePath(command[0]).name
    if client not in CLIENTS or any(argument.partition("=")[0] in _CREDENTIALS for argument in command):
        return
    known = [_read(path) for path in login_files(command, environment)]
    for registry in registries:
        if not any(_knows(file, registry.host) for file in known):
            login = f"{client} auth login" if client == "crane" else f"{client} login"
            raise LoginError(
                f"{client} has no login for {registry.host}",
                next_step=f"aws ecr get-login-password --region {registry.region} |"
                f" {login} --username AWS --password-stdin {registry.host}",
            )


def login_files(command: Sequence[str], environment: Mapping[str, str]) -> list[Path]:
    """Where a client looks for logins, in its order.

    containers-auth.json(5) for podman, buildah and skopeo; docker's own file for all, since those read it as well, and
    crane reads podman's.
    """
    client = PurePath(command[0]).name
    home = Path(environment.get("HOME", "~")).expanduser()
    runtime = environment.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    named = [Path(value) for value in _named_files(command)]
    docker = Path(environment.get("DOCKER_CONFIG", str(home / ".docker"))) / "config.json"
    if client == "finch":
        return [*named, home / ".finch" / "config.json", docker]
    if client not in {"podman", "buildah", "skopeo", "crane"}:
        return [*named, docker]
    variable = environment.get("REGISTRY_AUTH_FILE")
    return [
        *named,
        *([Path(variable)] if variable else []),
        Path(runtime) / "containers" / "auth.json",
        Path(environment.get("XDG_CONFIG_HOME", str(home / ".config"))) / "containers" / "auth.json",
        docker,
    ]


def _named_files(command: Sequence[str]) -> Iterator[str]:
    """Files of logins that the command itself names; docker names the folder."""
    for option in ("--authfile", "--dest-authfile", "--registry-config"):
        yield from option_values(command, short=option, long=option)
    if PurePath(command[0]).name in _ENGINES:
        yield from (f"{folder}/config.json" for folder in option_values(command, short="--config", long="--config"))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _knows(file: Mapping[str, Any], host: str) -> bool:
    """A login, a helper for the host, or a store for all hosts (which may hold it: the client will say)."""
    auths, helpers = file.get("auths") or {}, file.get("credHelpers") or {}
    logins = {str(name).removeprefix("https://").partition("/")[0] for name in auths}
    return host in logins or host in helpers or bool(file.get("credsStore"))
