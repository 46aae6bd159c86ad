"""One execution environment of a function: a process that runs the real zip under Lambda's own runtime client.

It owns the process, its time limit and its output. Permissions, credentials and retries are
decided elsewhere. An environment that failed to start, timed out or lost its process is never used again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from aws_org_sandbox.functions import bootstrap
from aws_org_sandbox.functions.forks import INHERITED, ForkedProcess, forks
from aws_org_sandbox.functions.runtime_api import (
    Exited,
    Failed,
    InitFailed,
    Invocation,
    Message,
    Ready,
    Responded,
    RuntimeApi,
)

INIT_TIMEOUT = 10.0
"""Seconds that Lambda gives a function to initialize; a longer one also gets the function's own time limit.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """The parameters of an execution environment."""

    handler: str
    task_root: Path
    runtime_root: Path
    environment: Mapping[str, str]
    timeout: float
    memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one invocation; `error` is Lambda's error type, None for success."""

    payload: bytes
    error: str | None = None
    timed_out: bool = False
    output: str = ""
    duration_ms: float = 0.0
    init_ms: float | None = None
    max_memory_mb: int = 0


class ExecutionEnvironment:
    """A process that handles one invocation at a time."""

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self.init_ms: float | None = None
        self._spent = False
        self._api = RuntimeApi()
        self._log = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
        self._read_to = 0
        self._started = time.monotonic()
        self._process = self._start()
        threading.Thread(target=self._watch, name=f"function-{self._process.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can accept another invocation."""
        return not self._spent and self._process.poll() is None

    def invoke(self, *, request_id: str, function_arn: str, payload: bytes) -> Outcome:
        """Run one invocation until a response, an error, the time limit, or the exit of the process."""
        first = self.init_ms is None
        unready = self._await_ready()
        if unready is not None:
            return self._outcome(unready, request_id=request_id, since=time.monotonic(), first=first)
        timeout = self.specification.timeout
        since = time.monotonic()
        self._api.dispatch(
            Invocation(
                request_id=request_id,
                function_arn=function_arn,
                payload=payload,
                deadline_ms=int((time.time() + timeout) * 1000),
            )
        )
        return self._outcome(self._message(timeout), request_id=request_id, since=since, first=first)

    def kill(self) -> None:
        """End the process and its child processes at once."""
        self._spent = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill running processes and release all resources."""
        self.kill()
        self._api.close()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes] | ForkedProcess:
        specification = self.specification
        environment = {**specification.environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        if forks.pid is not None:
            return forks.start(
                task_root=specification.task_root,
                handler=specification.handler,
                environment=environment,
                output=self._log,
            )
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return subprocess.Popen(  # noqa: S603 - running the function is the purpose
            [
                *bootstrap.COMMAND,
                str(specification.task_root),
                str(specification.runtime_root),
                specification.handler,
            ],
            env={**inherited, **environment},
            cwd=specification.task_root,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _watch(self) -> None:
        self._api.messages.put(Exited(self._process.wait()))

    def _await_ready(self) -> Message | None:
        """None once the runtime polls for an invocation, else the event that happened instead."""
        message = self._message(INIT_TIMEOUT + self.specification.timeout)
        if not isinstance(message, Ready):
            return message
        if self.init_ms is None:
            self.init_ms = (time.monotonic() - self._started) * 1000
        return None

    def _message(self, timeout: float) -> Message | None:
        try:
            return self._api.messages.get(timeout=timeout)
        except Empty:
            return None

    def _outcome(self, message: Message | None, *, request_id: str, since: float, first: bool) -> Outcome:
        duration = (time.monotonic() - since) * 1000
        memory = self._max_memory_mb()
        payload, error = self._read(message, request_id=request_id)
        if not isinstance(message, Responded | Failed):
            self.kill()
        return Outcome(
            payload=payload,
            error=error,
            timed_out=message is None,
            output=self._output(),
            duration_ms=duration,
            init_ms=self.init_ms if first else None,
            max_memory_mb=memory,
        )

    def _read(self, message: Message | None, *, request_id: str) -> tuple[bytes, str | None]:
        """Payload and type of error, as the Invoke API would return them."""
        match message:
            case Responded(payload):
                return payload, None
            case Failed(payload) | InitFailed(payload):
                return payload, _error_type(payload)
            case Exited(code):
                return _error("Runtime.ExitError", f"RequestId: {request_id} Error: {_exit_reason(code)}")
            case _:
                limit = f"Task timed out after {self.specification.timeout:.2f} seconds"
                return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: {limit}")

    def _output(self) -> str:
        """Output of the process since the last call; the file is complete once it has responded."""
        written = os.pread(self._log.fileno(), 1 << 24, self._read_to)
        self._read_to += len(written)
        return written.decode(errors="replace")

    def _max_memory_mb(self) -> int:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) // 1024 + 1
        return 0


def _error(kind: str, message: str) -> tuple[bytes, str]:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode(), kind


def _error_type(payload: bytes) -> str:
    with contextlib.suppress(ValueError):
        document = json.loads(payload)
        if isinstance(document, dict) and isinstance(kind := document.get("errorType"), str):
            return kind
    return "Runtime.Unknown"


def _exit_reason(code: int) -> str:
    if code < 0:
        return f"Runtime exited with error: signal: {signal.strsignal(-code)}".lower().replace("runtime", "Runtime", 1)
    if code:
        return f"Runtime exited with error: exit status {code}"
    return "Runtime exited without providing a reason"
