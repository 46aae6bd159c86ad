"""Lambda's Runtime API for one execution environment, on its own loopback port.

It gives invocations to the process that polls it, and converts the process's posts to messages.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue

_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One invocation as the runtime receives it."""

    request_id: str
    function_arn: str
    payload: bytes
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The runtime polls for an invocation: it is initialized, or has finished the previous one."""


@dataclass(frozen=True, slots=True)
class Responded:
    """The handler returned."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The handler raised."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class InitFailed:
    """The handler's module could not be loaded."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Exited:
    """The process ended; the status is as in subprocess: an exit status, or a negative signal number."""

    code: int


Message = Ready | Responded | Failed | InitFailed | Exited


class RuntimeApi:
    """Serves one runtime. `messages` are its messages in order; the code that watches the process adds `Exited`."""

    def __init__(self) -> None:
        self.messages: SimpleQueue[Message] = SimpleQueue()
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, name=f"runtime-api-{self.address}", daemon=True).start()

    def dispatch(self, invocation: Invocation) -> None:
        """Give the runtime its next invocation."""
        self._invocations.put(invocation)

    def close(self) -> None:
        """Stop serving; a runtime that still polls is refused."""
        self._invocations.put(None)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def next(self) -> Invocation | None:
        """Wait for an invocation on behalf of the runtime; None when the environment is being closed."""
        self.messages.put(Ready())
        return self._invocations.get()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        with connection, contextlib.suppress(OSError):
            _Handler(connection, peer, self)  # type: ignore[arg-type]  # a server only by the name of the attribute


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: RuntimeApi  # type: ignore[assignment]

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            self._reply(404, b"{}")
            return
        invocation = self.server.next()
        if invocation is None:
            self.close_connection = True
            return
        self._reply(200, invocation.payload, headers=_headers(invocation))

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        message = _message(self.path, payload)
        if message is None:
            self._reply(404, b"{}")
            return
        self.server.messages.put(message)
        self._reply(202, b'{"status":"OK"}')

    def _reply(self, status: int, body: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the base class's
        """Print nothing: only the function's own log matters."""


def _headers(invocation: Invocation) -> dict[str, str]:
    return {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
    }


def _message(path: str, payload: bytes) -> Message | None:
    if path == f"{_PREFIX}/init/error":
        return InitFailed(payload)
    if path.startswith(f"{_PREFIX}/invocation/") and path.endswith("/response"):
        return Responded(payload)
    if path.startswith(f"{_PREFIX}/invocation/") and path.endswith("/error"):
        return Failed(payload)
    return None
