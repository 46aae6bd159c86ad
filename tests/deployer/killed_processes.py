"""Runs commands in processes that are killed by SIGKILL as soon as one of their calls has returned.

Run as a program, this module is the parent that such processes are forked from. It has run a command itself, so that
they need not import and read the same again, and it has one thread.
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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn, Self

import botocore.session
from botocore.client import BaseClient

from deployer.aws import installations, prefetching
from deployer.aws.installations import InstallationFinder
from deployer.cli.main import run
from tests.clocks import impatient
from tests.deployer.command_line import CONFIG, is_writing
from tests.deployer.unwatched import unwatched

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
PR_SET_CHILD_SUBREAPER = 36
"""From <linux/prctl.h>: a process whose parent ended becomes a child of this one, which waits for it."""
FAST_CLOCK = impatient(0.03)


class ProcessResult(NamedTuple):
    """The exit code of a process, KILLED if it was killed, and its output."""

    exit_code: int
    printed: str


class KillableProcesses:
    """Runs commands in separate processes, one after the other."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests = requests
        self._answers = answers

    def __call__(
        self,
        *arguments: str,
        calls: int | None = None,
        writes: int | None = None,
    ) -> ProcessResult:
        """Run a command; kill it after this many completed calls, or completed `writes`.

        A read that repeats one since the last write is not counted: how often a command polls is not deterministic.
        """
        return self._ask("run", arguments, calls or writes, writes is not None)

    def killed_after_each_call(self, *arguments: str) -> Iterator[ProcessResult]:
        """Run a command once; yield each time it was killed after a counted call, and finally its result.

        The killed process has made all calls so far. A clone of it, forked when the call was answered, waits until the
        caller continues, and then makes the next call.
        """
        self._ask("begin", arguments)
        while (ended := self._ask("continue")).exit_code == KILLED:
            yield ended
        yield ended

    def _ask(self, *request: Any) -> ProcessResult:
        print(json.dumps(request), file=self._requests, flush=True)
        return ProcessResult(*json.loads(self._answers.readline()))


@contextmanager
def killable_processes(environment: Mapping[str, str]) -> Iterator[KillableProcesses]:
    """Start the parent process, with AWS variables in the environment."""
    command = [sys.executable, "-m", "tests.deployer.killed_processes", "plan", "--config", str(CONFIG)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        yield KillableProcesses(parent.stdin, parent.stdout)
        parent.stdin.close()


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Execute the request in each line, and print the result of its process."""
    relay: Relay | None = None
    for line in requests:
        match json.loads(line):
            case ["run", arguments, deadline, counts_writes]:
                ended = _run(arguments, deadline, counts_writes=counts_writes)
            case ["begin", arguments]:
                if relay is not None:
                    relay.close()
                relay, ended = Relay(arguments), ProcessResult(0, "")
            case _:
                assert relay is not None
                ended = relay.run()
        print(json.dumps(ended), file=answers, flush=True)


def _run(arguments: list[str], deadline: int | None, *, counts_writes: bool) -> ProcessResult:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        child = os.fork()
        if child == 0:
            if deadline is not None:
                _kill_after(deadline, counts=_each_write() if counts_writes else _each_in_turn())
            _run_command(arguments, output.fileno())
        return _wait_for(child, output)


def _wait_for(process: int, output: IO[str]) -> ProcessResult:
    _, status = os.waitpid(process, 0)
    output.seek(0)
    return ProcessResult(os.waitstatus_to_exitcode(status), output.read())


class Relay:
    """A command that is continued by successive processes: each is killed after one call, and leaves a clone."""

    def __init__(self, arguments: list[str]) -> None:
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
        self._output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by `close`
        permissions, self._permit = os.pipe()
        self._clones, clones = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._permit)
            os.close(self._clones)
            _kill_after_each_call(permissions, clones)
            _await(permissions)
            _run_command(arguments, self._output.fileno())
        os.close(permissions)
        os.close(clones)

    def run(self) -> ProcessResult:
        """Let the current process continue until it is killed or ends."""
        os.write(self._permit, b"!")
        ended = _wait_for(self._process, self._output)
        if ended.exit_code == KILLED:
            self._process = int(os.read(self._clones, 32))
        return ended

    def close(self) -> None:
        """End the clone that still waits."""
        os.close(self._permit)
        os.close(self._clones)
        self._output.close()


def _await(permissions: int) -> None:
    if not os.read(permissions, 1):
        os._exit(0)  # the caller has closed the pipe


def _kill_after_each_call(permissions: int, clones: int) -> None:
    def leave_a_clone() -> None:
        assert threading.active_count() == 1, "a clone has only the thread that forked it"
        clone = os.fork()
        if clone == 0:
            _await(permissions)
            return
        os.write(clones, str(clone).encode())
        os.kill(os.getpid(), signal.SIGKILL)

    installations.ThreadPoolExecutor = _OneThread  # type: ignore[attr-defined, assignment]
    prefetching.Thread = _InTurn  # type: ignore[attr-defined, assignment]
    _after_each_call(leave_a_clone, counts=_each_in_turn())


class _OneThread:
    """Makes parallel calls sequentially, because a clone has no other thread."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @staticmethod
    def map(function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        return map(function, *items)


class _InTurn:
    """Does the work of a thread before it returns, for the same reason."""

    def __init__(self, *, target: Callable[[], None], **_: Any) -> None:
        self.start = target


def _run_command(arguments: list[str], output: int) -> NoReturn:
    code = 1
    try:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output, stream.fileno())
        code = run(arguments, clock=FAST_CLOCK)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _kill_after(calls: int, *, counts: Callable[[str, str, Any], bool]) -> None:
    """Kill the process after this many counted responses, results or errors."""
    left = calls

    def kill_after_last_call() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    _after_each_call(kill_after_last_call, counts=counts)


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
    """Count all calls except reads that repeat one since the last write."""
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
    """Import and read all that a command needs; the processes are short-lived, so garbage is not collected."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
    InstallationFinder.elsewhere = lambda _: ((), {})  # type: ignore[assignment, method-assign]
    gc.disable()
    with redirect_stdout(io.StringIO()):
        assert run(command, clock=FAST_CLOCK) in {0, 2}
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    with unwatched():
        _prepare(sys.argv[1:])
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        serve(sys.stdin, sys.stdout)
