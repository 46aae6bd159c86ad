"""What a push needs on this machine before it needs a login: the client, and its daemon. Says what is missing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import ClassVar, Final

from deployer.errors import DeployerError
from deployer.pushing.client_commands import client_of
from deployer.pushing.client_table import VALUED

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

_BUILDERS: Final = frozenset({"buildx", "bake"})
"""Words of commands whose builders need no daemon of this machine."""


class ClientMissingError(DeployerError):
    """The container client is not installed."""

    exit_code: ClassVar[int] = 127


class DaemonError(DeployerError):
    """The client's daemon does not answer."""

    exit_code: ClassVar[int] = 21


def check_client(command: Sequence[str]) -> None:
    """Raise ClientMissingError, or DaemonError when the client's daemon does not answer within 15 seconds."""
    program = command[0]
    if shutil.which(program) is None:
        raise ClientMissingError(f"{program} is not installed", next_step=f"Install {program}, or name it by its path.")
    probe = _WITH_DAEMON.get(client_of(command))
    if probe is None or not _BUILDERS.isdisjoint(command):
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
        has_value = name in VALUED | _GLOBAL_OPTIONS and "=" not in argument
        value = [next(arguments, "")] if has_value else []
        if name in _GLOBAL_OPTIONS:
            found += [argument, *value]
    return found


def _no_daemon(program: str, complaint: str) -> DaemonError:
    return DaemonError(
        f"The daemon of {program} does not answer: {complaint}",
        next_step=_START.get(client_of([program]), ""),
    )
