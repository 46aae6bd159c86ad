"""The command line in a process of its own, which may be told to die of SIGKILL as soon as a call of its is answered.

This module run as a program is what such processes are forked from: it has run a command itself, so that none of them
has to import and read what that took, and it has one thread.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

import botocore.session
from botocore.client import BaseClient

from deployer.cli.main import run
from deployer.clock import SYSTEM_CLOCK
from tests.deployer.command_line import CONFIG, is_writing

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
HASTY = replace(SYSTEM_CLOCK, sleep=lambda seconds: time.sleep(seconds / 2))


class Ended(NamedTuple):
    """How a process ended: its exit code, KILLED if it was, and what it had printed."""

    exit_code: int
    printed: str


class Mortals:
    """Runs commands in processes of their own, one after the other."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests = requests
        self._answers = answers

    def __call__(
        self,
        *arguments: str,
        calls: int | None = None,
        writes: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run one to its end, or until so many calls or so many writing ones were answered: then it is killed.

        `environment` replaces what the environment says of AWS, as for a copy of the sandbox.

        A call that asks again what was asked since the last write counts for nothing: it finds the same, or the same
        later, and how often something is looked at until it is over is chance.
        """
        asked = [arguments, calls or writes, writes is not None, dict(environment or {})]
        print(json.dumps(asked), file=self._requests, flush=True)
        return Ended(*json.loads(self._answers.readline()))


@contextmanager
def mortals(environment: Mapping[str, str]) -> Iterator[Mortals]:
    """Starts what they are forked from, with what the environment says of AWS; the first calls are over by then."""
    command = [sys.executable, "-m", "tests.deployer.mortal", "plan", "--config", str(CONFIG)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        yield Mortals(parent.stdin, parent.stdout)
        parent.stdin.close()


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Fork a process for each line that is asked, and say how it ended."""
    for line in requests:
        arguments, deadline, counts_writes, environment = json.loads(line)
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            child = os.fork()
            if child == 0:
                os.environ.update(environment)
                if deadline is not None:
                    _die_after(deadline, counts=_each_write() if counts_writes else _each_in_turn())
                _live(arguments, output.fileno())
            _, status = os.waitpid(child, 0)
            output.seek(0)
            ended = Ended(os.waitstatus_to_exitcode(status), output.read())
        print(json.dumps(ended), file=answers, flush=True)


def _live(arguments: list[str], output: int) -> NoReturn:
    code = 1
    try:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output, stream.fileno())
        code = run(arguments, clock=HASTY)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _die_after(calls: int, *, counts: Callable[[str, str, Any], bool]) -> None:
    """The process is gone once it has so many answers that count, be they results or errors."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]
    counted = 0

    def perhaps_the_last(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal counted
        try:
            return call(client, operation, parameters)
        finally:
            counted += counts(client.meta.region_name, operation, parameters)
            if counted == calls:
                os.kill(os.getpid(), signal.SIGKILL)

    BaseClient._make_api_call = perhaps_the_last  # type: ignore[attr-defined]


def _each_write() -> Callable[[str, str, Any], bool]:
    return lambda _, operation, __: is_writing(operation)


def _each_in_turn() -> Callable[[str, str, Any], bool]:
    """Counts all but those that ask again what was asked since the last write."""
    asked: set[str] = set()

    def counts(region: str, operation: str, parameters: Any) -> bool:
        if is_writing(operation):
            asked.clear()
            return True
        question = f"{region} {operation} {parameters}"
        is_new = question not in asked
        asked.add(question)
        return is_new

    return counts


def _prepare(command: list[str]) -> None:
    """Import and read all that a command needs; garbage is left to the end of each process, which is near."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
    gc.disable()
    with redirect_stdout(io.StringIO()):
        assert run(command, clock=HASTY) in {0, 2}
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _prepare(sys.argv[1:])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(sys.stdin, sys.stdout)
