"""The sandbox as a separate process: starts, finds (by its state file), calls and stops it.

Imports only the standard library until it starts, so that `aws-org-sandbox env` is fast and a missing extra gives a
clear error. The state file is in the user's state folder (XDG_STATE_HOME).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aws_org_sandbox.errors import PortInUseError, SandboxError, UnknownAccountError
from aws_org_sandbox.initial_state import InitialState

DEFAULT_PORT = 4599
TIME_SCALE = 0.05
"""The share of AWS's waiting times: enough to observe running operations and delayed retries."""
PROGRAM = "aws-org-sandbox"
EXAMPLE = InitialState()
START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 15.0

_NOT_RUNNING_STEP = "Start it with `aws-org-sandbox start`."
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The sandbox is a proxy itself, and may be in HTTP_PROXY: it is called directly."""


_children: list[subprocess.Popen[bytes]] = []
"""Sandboxes that this process left running: kept, because Python warns of dropped running processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started sandbox: its process and its port."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, action: str, values: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> dict[str, Any]:
        """Call an action of its control API; raises SandboxError with its error, or if it does not respond."""
        request = urllib.request.Request(  # noqa: S310 - always http to loopback
            f"{self.url}/_sandbox/{action}", data=json.dumps(values or {}).encode(), method="POST"
        )
        try:
            with _NO_PROXY.open(request, timeout=timeout) as answer:
                answered: dict[str, Any] = json.loads(answer.read())
                return answered
        except urllib.error.HTTPError as error:
            raise _refusal(action, error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:  # the last action: it ends while it responds
            raise SandboxError(f"the sandbox at {self.url} does not answer", next_step=_NOT_RUNNING_STEP) from error


def state_file() -> Path:
    """The file that describes the running sandbox."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "aws-org-sandbox" / "running.json"


def log_file() -> Path:
    """The log of a sandbox in the background."""
    return state_file().with_suffix(".log")


def find() -> Running | None:
    """The running sandbox; None if none runs. The state file of a dead one is removed.

    Raises SandboxError for one that runs and does not respond: it is busy, and keeps its state file.
    """
    try:
        running = Running(**json.loads(state_file().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    try:
        if running.ask("status", timeout=ANSWER_TIMEOUT)["pid"] == running.pid:
            return running
    except SandboxError as error:
        if _is_alive(running.pid) and _listens(running.port):
            raise SandboxError(
                f"the sandbox at {running.url} (process {running.pid}) does not answer",
                next_step=f"Wait and try again, or stop it: kill -9 {running.pid}",
            ) from error
    state_file().unlink(missing_ok=True)
    return None


def required() -> Running:
    """The running sandbox; raises SandboxError if none runs."""
    running = find()
    if running is None:
        raise SandboxError("the sandbox is not running", next_step=_NOT_RUNNING_STEP)
    return running


def check_not_running() -> None:
    """Raise SandboxError if a sandbox already runs: its state file would be overwritten."""
    running = find()
    if running is not None:
        raise SandboxError(
            f"a sandbox is already running at {running.url} (process {running.pid})",
            next_step="Use it, or stop it with `aws-org-sandbox stop`.",
        )


def serve(
    port: int,
    *,
    time_scale: float = TIME_SCALE,
    initial: InitialState = EXAMPLE,
    program: str = PROGRAM,
) -> None:
    """Run a sandbox in this process until SIGTERM or Ctrl-C; `program` is the command that messages name."""
    own = _without_aws_settings()
    os.environ.clear()
    os.environ.update(own)
    from aws_org_sandbox.sandbox import Sandbox  # noqa: PLC0415 - loads moto

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Sandbox(
            port=port,
            time_scale=time_scale,
            organization=initial.organization,
            central_account=initial.central_account,
            home_region=initial.home_region,
            enabled_regions=initial.enabled_regions,
        ) as sandbox:
            _save(Running(pid=os.getpid(), port=sandbox.port))
            sys.stderr.write(f"The sandbox listens on {sandbox.endpoint_url}; Ctrl-C stops it.\n")
            sys.stderr.write(f'In another shell: eval "$({program} env)"\n')
            sys.stderr.flush()
            try:
                while True:
                    time.sleep(0.2)  # another thread may receive a signal: this one must wake up to handle it
            finally:
                state_file().unlink(missing_ok=True)
    except KeyboardInterrupt:
        sys.stderr.write("\n")


def detach(port: int, *, time_scale: float = TIME_SCALE, initial: InitialState = EXAMPLE) -> Running:
    """Start a sandbox in the background and wait until it responds; raises the error that prevented its start."""
    log_file().parent.mkdir(parents=True, exist_ok=True)
    with log_file().open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this same program
            [sys.executable, "-m", __name__, str(port), str(time_scale)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=_without_aws_settings(),
        )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:  # one that ended at once is reported below
        process.stdin.write(initial.to_json().encode())
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(SandboxError):  # it exists, and is still starting
            running = find()
            if running is not None and running.pid == process.pid:
                _children.append(process)
                return running
        time.sleep(0.1)
    raise _did_not_start(process, port)


def stop(running: Running, *, timeout: float = 45.0) -> None:
    """End a running sandbox and wait until its port is free; raises SandboxError if it does not end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while _listens(running.port) or _is_child(running.pid):
        if time.monotonic() > deadline:
            raise SandboxError(
                f"the sandbox (process {running.pid}) does not stop", next_step=f"Stop it: kill -9 {running.pid}"
            )
        time.sleep(0.05)
    state_file().unlink(missing_ok=True)


def _without_aws_settings() -> dict[str, str]:
    """This process's environment without the user's settings of AWS, such as a profile that does not exist."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)


def _is_child(pid: int) -> bool:
    """Whether the process is a running child of this one."""
    _children[:] = [child for child in _children if child.poll() is None]
    return any(child.pid == pid for child in _children)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it belongs to another user
        pass
    return True


def _listens(port: int) -> bool:
    """Whether anything listens there; does not wait for a response, because an ending sandbox gives invalid ones."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except ConnectionRefusedError:
        return False
    except OSError:  # a full backlog, or a closing socket: the next poll decides
        pass
    return True


def _refusal(action: str, error: urllib.error.HTTPError) -> SandboxError:
    """The control API's reason for a refusal; an ending sandbox may respond without one."""
    try:
        answered = json.loads(error.read())
        reason, next_step, code = str(answered["error"]), answered.get("next_step"), answered.get("code")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, http.client.HTTPException):
        return SandboxError(f"the sandbox refuses {action}: {error.code} {error.reason}")
    if code == UnknownAccountError.exit_code:
        return UnknownAccountError(reason, next_step=next_step)
    return SandboxError(f"the sandbox refuses {action}: {reason}", next_step=next_step)


def _save(running: Running) -> None:
    """Write the state file atomically: others may read it at the same time."""
    state_file().parent.mkdir(parents=True, exist_ok=True)
    written = state_file().with_suffix(".new")
    written.write_text(json.dumps(asdict(running)) + "\n", encoding="utf-8")
    written.replace(state_file())


def _did_not_start(process: subprocess.Popen[bytes], port: int) -> SandboxError | PortInUseError:
    code = process.poll()
    if code is None:
        process.kill()
        process.wait()
    if code == PortInUseError.exit_code:
        return PortInUseError(
            f"port {port} on 127.0.0.1 is used by another program", next_step="Choose another port with --port."
        )
    last = log_file().read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    reason = last[0] if last else "it printed nothing"
    return SandboxError(f"the sandbox did not start: {reason}", next_step=f"Its output is in {log_file()}.")


if __name__ == "__main__":
    try:
        serve(int(sys.argv[1]), time_scale=float(sys.argv[2]), initial=InitialState.from_json(sys.stdin.read()))
    except (PortInUseError, SandboxError) as failure:
        sys.stderr.write(f"{failure.message}\n")
        sys.exit(failure.exit_code)
