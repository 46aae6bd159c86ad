"""The references behind a command's destinations: the client reads its bake and compose files, charts have a name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from deployer.errors import ConfigurationError
from deployer.pushing.client_arguments import parse_arguments
from deployer.pushing.client_charts import chart_reference
from deployer.pushing.client_checks import ClientMissingError, check_installed
from deployer.pushing.client_commands import destinations_of
from deployer.pushing.client_destinations import InChart, InFile
from deployer.pushing.client_documents import references_in_document
from deployer.pushing.client_logins import all_login_files
from deployer.pushing.client_wrappers import program_name

_FILE_BYTES: Final = 1_048_576


def references_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """What a command pushes, each once. Raises ConfigurationError if the client cannot read the file that names it."""
    found: list[str] = []
    for destination in destinations_of(command, environment):
        match destination:
            case InFile():
                found += _in_file(destination)
            case InChart():
                found += filter(None, [chart_reference(destination)])
            case _:
                found.append(destination)
    return tuple(dict.fromkeys(found))


def texts_of_files(command: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that may name the registry of a push, if its error does not: scripts of the command, then logins.

    docker push --quiet prints no host, for example, but it needs a login for one.
    """
    paths = [*map(Path, command), *all_login_files(environment)]
    return tuple(text for path in paths if (text := _text_of(path)))


def _text_of(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size <= _FILE_BYTES:
            return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):  # a word of a command need not be a path
        pass
    return ""


def reads_standard_input(words: Iterable[str]) -> bool:
    """Whether a command line names standard input."""
    return any(word in {"-", "/dev/stdin", "--password-stdin", "-f-"} or word.endswith("=-") for word in words)


def _in_file(file: InFile) -> Iterator[str]:
    """Let the client resolve its file, without standard input, which belongs to the push.

    A script may change the folder and the variables first: what cannot be read is left to the push itself.
    """
    try:
        yield from _resolved(file)
    except (ConfigurationError, ClientMissingError):
        if file.is_direct:
            raise


def _resolved(file: InFile) -> tuple[str, ...]:
    if "-" in parse_arguments(file.command, frozenset({"-f", "--file"})).values("-f", "--file"):
        raise ConfigurationError(
            f"{program_name(file.command[0])} reads its file from standard input, which can be read only once",
            next_step="Write it to a file, and name that file with --file.",
        )
    check_installed(file.command[0])
    answer = subprocess.run(  # noqa: S603 - the user's client
        file.command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=dict(file.environment) or None,
        check=False,
    )
    if answer.returncode:
        raise ConfigurationError(
            f"{' '.join(file.command)} failed: {answer.stderr.strip() or answer.stdout.strip()}",
            next_step="Correct the file that the error names; nothing was pushed.",
        )
    return references_in_document(file, answer.stdout)
