"""What a push needs on this machine before it needs a login: the client, and its daemon if it is known to use one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import ClassVar, Final

from deployer.errors import DeployerError
from deployer.pushing.client_arguments import is_option, option_names, takes_next
from deployer.pushing.client_commands import known_client
from deployer.pushing.client_wrappers import SimpleCommand

_DAEMON_SECONDS: Final = 15
_WITH_DAEMON: Final = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "nerdctl": ("info",),
    "finch": ("info",),
}
_DAEMON_VERBS: Final = ("push", "image push", "compose push")
"""Subcommands that the daemon carries out. Builders may run elsewhere; the client sends manifests and signatures."""
_START: Final = {
    "docker": "Start it (`systemctl start docker`, or Docker Desktop), or point DOCKER_HOST at it.",
    "nerdctl": "Start it: `systemctl start containerd`.",
    "finch": "Start it: `finch vm start`.",
}
_WHICH_DAEMON: Final = option_names(
    "--address --config --context --host --namespace --tlscacert --tlscert --tlskey -H -a -c -n"
)
"""Options before the subcommand that determine the daemon."""


class ClientMissingError(DeployerError):
    """The container client is not installed."""

    exit_code: ClassVar[int] = 127


class DaemonError(DeployerError):
    """The client's daemon does not respond."""

    exit_code: ClassVar[int] = 21


def check_installed(program: str) -> None:
    """Raise ClientMissingError if a program is not installed."""
    if shutil.which(program) is None:
        raise ClientMissingError(f"{program} is not installed", next_step=f"Install {program}, or name it by its path.")


def check_daemon(command: SimpleCommand) -> None:
    """Raise DaemonError if the daemon carries out the command and does not answer within 15 seconds."""
    probe, client = _WITH_DAEMON.get(command.program), known_client(command)
    found = client.verb_of(command.words) if client else None
    if probe is None or client is None or found is None:
        return
    options, verb = _split(command.words[1 : found[1]], client.valued)
    if " ".join(verb) not in _DAEMON_VERBS:
        return
    program = command.words[0]
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own client
            [program, *options, *probe],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DAEMON_SECONDS,
            env=dict(command.environment),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _no_daemon(command, f"no answer in {_DAEMON_SECONDS} seconds") from error
    if answer.returncode:
        complaint = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
        raise _no_daemon(command, complaint[-1] if complaint else f"exit code {answer.returncode}")


def _split(words: Sequence[str], valued: frozenset[str]) -> tuple[list[str], list[str]]:
    """The options that determine the daemon, and the words of the subcommand."""
    options: list[str] = []
    verb: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        length = 1 + (is_option(word) and takes_next(word, valued))
        if not is_option(word):
            verb.append(word)
        elif word.partition("=")[0] in _WHICH_DAEMON:
            options += words[position : position + length]
        position += length
    return options, verb


def _no_daemon(command: SimpleCommand, complaint: str) -> DaemonError:
    return DaemonError(
        f"The daemon of {command.words[0]} does not answer: {complaint}", next_step=_START.get(command.program, "")
    )
