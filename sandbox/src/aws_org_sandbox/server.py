"""The sandbox's HTTP server: one port on loopback for AWS APIs, ECR registries and the sandbox's own control.

Requests are routed by their host: `<account>.dkr.ecr.<region>.amazonaws.com` is a registry, everything else an AWS
API, except paths under `/_sandbox/`. The same port serves as an HTTP proxy (absolute request URIs), so that container
clients reach registries by their real names; it is a proxy to nothing else.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterable
from typing import Any, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wrappers import Response

from aws_org_sandbox.errors import PortInUseError
from aws_org_sandbox.gate import Application, StartResponse
from aws_org_sandbox.registry import front
from aws_org_sandbox.wire import FROM_SOCKET

LOOPBACK = "127.0.0.1"
CONTROL_PREFIX = "/_sandbox/"
LOCAL_HOST = re.compile(r"^(127\.0\.0\.1|localhost|[a-z0-9.-]+\.localhost)(:\d+)?$")


class Dispatcher:
    """The WSGI application that tells registries, control and AWS APIs apart."""

    def __init__(self, *, gate: Application, control: Application) -> None:
        self._gate = gate
        self._control = control

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if front.serves(environ):
            return front.application(environ | {front.GATE: self._gate}, start_response)
        if environ.get("PATH_INFO", "").startswith(CONTROL_PREFIX):
            return self._control(environ, start_response)
        if environ.get("sandbox.proxied") and not LOCAL_HOST.match(host) and not host.endswith(".amazonaws.com"):
            return _no_proxy(host)(environ, start_response)
        return self._gate(environ, start_response)


class Handler(MotoRequestHandler):
    """Takes absolute request URIs as a proxy does, and writes no line for each request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def make_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().make_environ()
        environ[FROM_SOCKET] = True
        environ["sandbox.proxied"] = self.path.startswith("http://")
        return environ

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A ConnectionError came out of the application: close the connection without an answer."""
        del error, environ
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        del type, message, args


class Server:
    """A threaded WSGI server on loopback; `port` 0 takes any free one."""

    def __init__(self, application: Application, *, port: int) -> None:
        self._server = _bind(application, port)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="sandbox-server", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5.0)


def _bind(application: Application, port: int) -> ThreadedWSGIServer:
    """werkzeug exits the process when a port is taken: bind the socket here, and hand it over."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} on {LOOPBACK} is taken by another program",
                next_step="Choose another with --port, or end what listens there.",
            ) from error
        listener.listen(128)
        server = ThreadedWSGIServer(LOOPBACK, port, cast("Any", application), handler=Handler, fd=listener.fileno())
    server.daemon_threads = True
    return server


def _no_proxy(host: str) -> Response:
    return Response(
        f"The sandbox is no proxy to {host}: it reaches its own registries only. Unset HTTP_PROXY for it.\n",
        status=403,
        mimetype="text/plain",
    )
