"""A pseudo-terminal for a command."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def in_a_terminal(
    command: list[str], *, columns: int = 80, variables: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A command with a terminal of its own; what is written to its standard input is typed."""
    line = f"stty cols {columns}; exec {shlex.join(command)}"
    with subprocess.Popen(
        ["script", "--quiet", "--return", "--command", line, "/dev/null"],
        env=variables,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as started:
        yield started


def type_ctrl_c(terminal: subprocess.Popen[bytes]) -> None:
    """Interrupt the foreground process."""
    assert terminal.stdin
    terminal.stdin.write(b"\x03")
    terminal.stdin.flush()
