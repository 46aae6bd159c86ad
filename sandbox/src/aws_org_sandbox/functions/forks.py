"""Processes of functions, forked from one that has imported the SDK: a cold start takes less than half the CPU time.

Each execution environment still has a process of its own, which runs the zip from its first line and can be killed.
But modules of the SDK and the standard library are imported already, so its initialization takes less than in Lambda.
Forks of the sandbox's process (aws_org_sandbox.copies) send their requests to the same process.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from aws_org_sandbox.errors import SandboxError
from aws_org_sandbox.functions import bootstrap
from aws_org_sandbox.functions.code import link_runtime

INHERITED = ("LD_LIBRARY_PATH",)
"""Variables that a function's process inherits: those by which the interpreter finds its own libraries."""

PREFIX = "aws-org-sandbox-forks-"
"""How the folder of temporary files is named."""

_RUNTIME, _ADDRESS = "runtime", "address"

LONGEST_ADDRESS = 103
"""Bytes of a socket's path on all systems (104 with the final zero on macOS and the BSDs, 108 on Linux)."""


class ForkedProcess:
    """A process that is not this one's child; like subprocess.Popen as far as execution environments need it."""

    def __init__(self, connection: socket.socket, stdin: IO[bytes]) -> None:
        self.stdin = stdin
        self._lock = threading.Lock()
        self._answers = connection.makefile("rb")
        connection.close()
        self._returncode: int | None = None
        pid = self._answers.readline()
        if not pid:
            raise SandboxError("no process was forked for a function", next_step="Start the sandbox again.")
        self.pid = int(pid)

    def wait(self) -> int:
        """Its exit status, once it has ended; negative for the signal that killed it."""
        with self._lock:
            if self._returncode is None:
                self._returncode = int(self._answers.readline() or -9)
                self._answers.close()
            return self._returncode

    def poll(self) -> int | None:
        """Its exit status if it has ended, else None."""
        if self._returncode is None and not self._has_ended():
            return None
        return self.wait()

    def _has_ended(self) -> bool:
        """Whether nobody is left to read its standard input."""
        watch = select.poll()
        watch.register(self.stdin, 0)
        return bool(watch.poll(0))


class Forks:
    """The process that functions are forked from, unless each starts an interpreter of its own."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process that functions are forked from; None if it does not run."""
        return self._server.pid if self._server else None

    def open(self) -> None:
        """Start the process that functions are forked from; idempotent."""
        if self._server is not None:
            return
        self.folder = _new_folder()
        link_runtime(self.folder / _RUNTIME)
        self._server = subprocess.Popen(  # noqa: S603 - running functions is the purpose
            [*bootstrap.COMMAND, bootstrap.FORKS, str(self.folder / _RUNTIME), str(self.folder / _ADDRESS)],
            env={name: os.environ[name] for name in INHERITED if name in os.environ} | {"LANG": "en_US.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        with self._server.stdout as stdout:
            if not stdout.readline():  # once it listens
                self.close()
                raise SandboxError("the process that functions are forked from ended", next_step="Start it again.")

    def close(self) -> None:
        """End the process that functions are forked from; those that it forked end with their standard input."""
        if self._server is None or self.folder is None:
            return
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()  # it removes the folder, also if this process is killed
        shutil.rmtree(self.folder, ignore_errors=True)  # what functions that ended meanwhile wrote
        self._server = self.folder = None

    def start(
        self, *, task_root: Path, handler: str, environment: Mapping[str, str], output: IO[bytes]
    ) -> ForkedProcess:
        """A process that runs this zip's handler, and has nothing of this process's environment."""
        assert self.folder is not None, "it is not open"
        arguments = [str(task_root), str(self.folder / _RUNTIME), handler]
        request = json.dumps({"arguments": arguments, "environment": environment}).encode() + b"\n"
        reading, writing = os.pipe()
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(str(self.folder / _ADDRESS))
            sent = socket.send_fds(connection, [request], [reading, output.fileno()])
            connection.sendall(request[sent:])
        finally:
            os.close(reading)
        return ForkedProcess(connection, os.fdopen(writing, "wb", buffering=0))


def _new_folder() -> Path:
    """A new folder of temporary files; with a long TMPDIR, in /tmp, since the path of a socket must be short."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if len(os.fsencode(folder / _ADDRESS)) <= LONGEST_ADDRESS:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))


forks = Forks()
"""The one of this process, and of its own forks."""
