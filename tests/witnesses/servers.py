"""Third-party programs that `deployer` is tested with, each in its own process on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

LOOPBACK = "127.0.0.1"
ATTEMPTS = 3
"""A port that is free now may be taken when the program asks for it."""
START_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a program is started on a port, and the path on which it responds when it is ready."""

    command: Callable[[int], Sequence[str]]
    health: str
    variables: Callable[[int], Mapping[str, str]] = field(default=lambda port: {})
    end: Signals = Signals.SIGTERM
    """SIGKILL is for what has no children and takes seconds to end otherwise."""


@contextmanager
def serving(program: Program, *, folder: Path) -> Iterator[str]:
    """The URL of a program that runs until the block ends."""
    log = folder / "log"
    for _ in range(ATTEMPTS):
        port = _free_port()
        url = f"http://{LOOPBACK}:{port}"
        process = _start(program, port, folder=folder, log=log)
        try:
            if _is_up(process, url + program.health):
                yield url
                return
        finally:
            _end(process, program.end)
    raise AssertionError(f"{program.command(0)} did not start: {log.read_text(encoding='utf-8')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def _start(program: Program, port: int, *, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the program without credentials and with only the given settings."""
    with log.open("wb") as output:
        return subprocess.Popen(
            program.command(port),
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), **program.variables(port)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _is_up(process: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until it responds; False if it ended instead."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes], signal: Signals) -> None:
    process.send_signal(signal)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
