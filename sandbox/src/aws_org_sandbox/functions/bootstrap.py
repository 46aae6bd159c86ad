"""The first code in a function's process: `python -I -S bootstrap.py TASK_ROOT RUNTIME_ROOT HANDLER`.

It gives the function the imports that it has in Lambda, which are the zip's, the runtime's (RUNTIME_ROOT: the SDK and
the runtime interface client) and the standard library's, and nothing of the virtual environment around it. It ends the
process when its standard input closes, so that no function outlives the sandbox. Imports nothing of this project.

`python -I -S bootstrap.py --forks RUNTIME_ROOT ADDRESS` imports the SDK once, and forks such a process for each request
at the Unix socket ADDRESS. aws_org_sandbox.functions.forks sends the requests.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:  # functions start without typing
    from socket import socket

COMMAND = (sys.executable, "-I", "-S", "-B", __file__)
"""Without bytecode of what it imports: Lambda's code folder is read-only, so none is stored there."""
FORKS = "--forks"
COMMON_SERVICES = ("dynamodb", "ecr", "events", "lambda", "organizations", "sqs", "sts")
"""Services whose models every forked process has from its start: reading them takes a quarter of a cold start."""


def _end_with_the_sandbox() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _main(task_root: str, runtime_root: str, handler: str) -> None:
    threading.Thread(target=_end_with_the_sandbox, name="end-with-the-sandbox", daemon=True).start()
    _import_only_from(task_root, runtime_root)
    os.chdir(task_root)

    from awslambdaric.__main__ import main  # noqa: PLC0415 - importable only after the path is set

    sys.argv = ["awslambdaric", handler]
    main(sys.argv)


def _import_only_from(*folders: str) -> None:
    """Import from these folders and the standard library."""
    others = (entry for entry in sys.path if "site-packages" not in entry and entry not in folders)
    sys.path[:] = [*folders, *others]


def _fork_each(runtime_root: str, address: str) -> list[str]:
    """Returns in each forked process, with the arguments of `_main`; ends when the standard input closes."""
    import gc  # noqa: PLC0415 - functions start without these modules
    import selectors  # noqa: PLC0415
    import shutil  # noqa: PLC0415
    import signal  # noqa: PLC0415
    from socket import AF_UNIX, recv_fds, socket  # noqa: PLC0415

    _import_only_from(runtime_root)
    _prepare_sdk()
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy all of this memory
    ended, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    listener = socket(AF_UNIX)
    listener.bind(address)
    listener.listen()
    selector = selectors.DefaultSelector()
    for readable in (listener, ended, 0):
        selector.register(readable, selectors.EVENT_READ)
    connections: dict[int, socket] = {}
    print("ready", flush=True)  # noqa: T201 - read by the sandbox
    while True:
        for key, _ in selector.select():
            if key.fd == 0:
                shutil.rmtree(os.path.dirname(address), ignore_errors=True)  # noqa: PTH120 - the folder of all its files
                os._exit(0)
            if key.fd == ended:
                os.read(ended, 4096)
                _report_ends(connections)
                continue
            connection, _ = listener.accept()
            request, (standard_input, output), _, _ = recv_fds(connection, 1 << 20, 2)
            while not request.endswith(b"\n"):
                request += connection.recv(1 << 20)
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                selector.close()
                for other in (listener, *connections.values()):
                    other.close()
                os.close(ended)
                os.close(wakes)
                return _take_over(connection, request, standard_input, output)
            os.close(standard_input)
            os.close(output)
            connections[child] = connection


def _prepare_sdk() -> None:
    """Import the SDK, and read the models of common services, once for all functions.

    The runtime client is left out: it reads the function's environment when it is imported.
    """
    import awslambdaric.lambda_runtime_marshaller  # noqa: F401, PLC0415
    import botocore.session  # noqa: F401, PLC0415 - importable only after the path is set
    from botocore.loaders import JSONFileLoader, Loader  # noqa: PLC0415

    read, files = JSONFileLoader.load_file, {}

    def load_file(self: JSONFileLoader, file_path: str) -> object:
        if file_path not in files:
            files[file_path] = read(self, file_path)
        return files[file_path]

    JSONFileLoader.load_file = load_file  # type: ignore[method-assign]
    loader = Loader()
    for service in COMMON_SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)
    for name in ("_retry", "partitions", "sdk-default-configuration"):
        loader.load_data(name)


def _report_ends(connections: dict[int, socket]) -> None:
    """Report the exit status of each process that ended to those who requested it."""
    while connections:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        connection = connections.pop(pid)
        with connection, contextlib.suppress(OSError):  # if what requested it has ended
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _take_over(connection: socket, request: bytes, standard_input: int, output: int) -> list[str]:
    """Make this forked process like a new one, report its id, and return its arguments.

    If the zip has a module that is imported already, start a new interpreter: in Lambda, the zip's module comes first.
    """
    import json  # noqa: PLC0415 - imported with the SDK
    import time  # noqa: PLC0415

    os.setsid()
    os.dup2(standard_input, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(standard_input)
    os.close(output)
    connection.sendall(f"{os.getpid()}\n".encode())
    connection.close()
    parameters = json.loads(request)
    arguments: list[str] = parameters["arguments"]
    os.environ.clear()
    os.environ.update(parameters["environment"])
    time.tzset()
    if any(name.partition(".")[0] in sys.modules for name in os.listdir(arguments[0])):  # noqa: PTH208
        os.execv(sys.executable, [*COMMAND, *arguments])  # noqa: S606 - as the sandbox itself does
    sys.pycache_prefix = os.path.join(os.path.dirname(arguments[1]), "bytecode")  # noqa: PTH118, PTH120
    sys.dont_write_bytecode = False  # beside the code, for the next process with it
    return arguments


if __name__ == "__main__":
    _main(*(_fork_each(*sys.argv[2:]) if sys.argv[1] == FORKS else sys.argv[1:]))
