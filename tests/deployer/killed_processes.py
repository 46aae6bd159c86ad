"""The command line in a process of its own, which dies of SIGKILL as soon as one of its calls is answered.

This module run as a program is what such processes are forked from: it has run a command itself, so that none of them
has to import and read what that took, and it has one thread.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
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
PR_SET_CHILD_SUBREAPER = 36
"""Of <linux/prctl.h>: a process whose parent died becomes a child of this one, which sees it die and reaps it."""
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

        `environment` replaces the variables of AWS in the environment, as for a copy of the sandbox.

        A call that asks again what was asked since the last write counts for nothing: it finds the same, or the same
        later, and how often something is looked at until it is over is chance.
        """
        return self._ask("run", arguments, calls or writes, writes is not None, dict(environment or {}))

    def killed_after_each_call(self, *arguments: str) -> Iterator[Ended]:
        """Run one command once, and yield whenever it was killed after a call that counts; at last, how it ended.

        Each time it is the process that made all calls so far that dies. A clone of it, forked as soon as the call was
        answered, waits until the next one is asked for, and continues with the next call.
        """
        self._ask("begin", arguments)
        while (ended := self._ask("continue")).exit_code == KILLED:
            yield ended
        yield ended

    def _ask(self, *request: Any) -> Ended:
        print(json.dumps(request), file=self._requests, flush=True)
        return Ended(*json.loads(self._answers.readline()))


@contextmanager
def mortals(environment: Mapping[str, str]) -> Iterator[Mortals]:
    """Starts what they are forked from, with the variables of AWS in the environment, after their first calls."""
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
    """Do what each line asks for, and answer how the process ended."""
    relay: Relay | None = None
    for line in requests:
        match json.loads(line):
            case ["run", arguments, deadline, counts_writes, environment]:
                ended = _run(arguments, deadline, counts_writes=counts_writes, environment=environment)
            case ["begin", arguments]:
                if relay is not None:
                    relay.close()
                relay, ended = Relay(arguments), Ended(0, "")
            case _:
                assert relay is not None
                ended = relay.run()
        print(json.dumps(ended), file=answers, flush=True)


def _run(arguments: list[str], deadline: int | None, *, counts_writes: bool, environment: Mapping[str, str]) -> Ended:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        child = os.fork()
        if child == 0:
            os.environ.update(environment)
            if deadline is not None:
                _die_after(deadline, counts=_each_write() if counts_writes else _each_in_turn())
            _live(arguments, output.fileno())
        return _wait_for(child, output)


def _wait_for(process: int, output: IO[str]) -> Ended:
    _, status = os.waitpid(process, 0)
    output.seek(0)
    return Ended(os.waitstatus_to_exitcode(status), output.read())


class Relay:
    """A command that one process after the other continues: each dies after its first call, and leaves a clone."""

    def __init__(self, arguments: list[str]) -> None:
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
        self._output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by `close`
        permissions, self._permit = os.pipe()
        self._clones, clones = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._permit)
            os.close(self._clones)
            _die_after_each_call(permissions, clones)
            _await(permissions)
            _live(arguments, self._output.fileno())
        os.close(permissions)
        os.close(clones)

    def run(self) -> Ended:
        """Let the living process continue, until it was killed or ended."""
        os.write(self._permit, b"!")
        ended = _wait_for(self._process, self._output)
        if ended.exit_code == KILLED:
            self._process = int(os.read(self._clones, 32))
        return ended

    def close(self) -> None:
        """End what still waits."""
        os.close(self._permit)
        os.close(self._clones)
        self._output.close()


def _await(permissions: int) -> None:
    if not os.read(permissions, 1):
        os._exit(0)  # nobody asks for more


def _die_after_each_call(permissions: int, clones: int) -> None:
    def leave_a_clone() -> None:
        assert threading.active_count() == 1, "a clone has only the thread that forked it"
        clone = os.fork()
        if clone == 0:
            _await(permissions)
            return
        os.write(clones, str(clone).encode())
        os.kill(os.getpid(), signal.SIGKILL)

    _after_each_call(leave_a_clone, counts=_each_in_turn())


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
    left = calls

    def perhaps_die() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    _after_each_call(perhaps_die, counts=counts)


def _after_each_call(act: Callable[[], None], *, counts: Callable[[str, str, Any], bool]) -> None:
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call_and_act(client: Any, operation: str, parameters: Any) -> Any:
        try:
            return call(client, operation, parameters)
        finally:
            if counts(client.meta.region_name, operation, parameters):
                act()

    BaseClient._make_api_call = call_and_act  # type: ignore[attr-defined]


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
