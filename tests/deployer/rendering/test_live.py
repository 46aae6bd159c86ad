"""The live view in a real terminal: a pseudo-terminal of 80 columns, and the final content of its screen."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

CODE = """
import sys
from deployer.clock import SYSTEM_CLOCK
from deployer.rollout.progress import OperationProgress, OperationStarted, StepEnded, StepStarted
from deployer.rendering.live import reporter
from tests.example_organization import EXAMPLE
from deployer.stack_sets import InstanceResult, Operation

results = lambda status: (InstanceResult(account="300000000001", region="eu-west-1", status=status),)
with reporter(EXAMPLE, clock=SYSTEM_CLOCK) as report:
    report(StepStarted(step="StackSet deployer-access"))
    report(OperationStarted(stack_set="deployer-access", operation_id="o-1", action="CREATE", instances=1))
    for status in ("RUNNING", "SUCCEEDED"):
        operation = Operation(id="o-1", action="CREATE", status=status)
        found = results(status)
        report(OperationProgress(stack_set="deployer-access", operation=operation, results=found, changed=found))
    report(StepEnded(step="StackSet deployer-access"))
"""


def _on_terminal(**environment: str) -> str:
    """Everything that is written to a terminal of 80 columns."""
    master, slave = pty.openpty()
    variables = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", **environment}
    seen = b""
    with subprocess.Popen([sys.executable, "-c", CODE], stderr=slave, env=variables) as process:
        os.close(slave)
        try:
            while piece := os.read(master, 65536):
                seen += piece
        except OSError:  # Linux raises this after the last writer closed it
            pass
    os.close(master)
    assert process.returncode == 0
    return seen.decode().replace("\r\n", "\n")


def screen(written: str) -> list[str]:
    """The final screen of a terminal: `A` moves up, `2K` clears a line."""
    lines, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\n|\r|[^\x1b\n\r]+", written):
        if piece == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\r":
            column = 0
        elif piece.endswith("A") and piece.startswith("\x1b"):
            row = max(0, row - int(piece[2:-1]))
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif not piece.startswith("\x1b"):
            lines[row] = lines[row].ljust(column)[:column] + piece + lines[row][column + len(piece) :]
            column += len(piece)
    return [line.rstrip() for line in lines if line.rstrip()]


@pytest.fixture(scope="module")
def written() -> str:
    return _on_terminal()


@pytest.mark.slow
def test_only_finished_steps_remain_on_the_screen(written: str) -> None:
    assert screen(written) == ["StackSet deployer-access: done"]


@pytest.mark.slow
def test_bars_are_shown_and_nothing_is_wider_than_the_terminal(written: str) -> None:
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    assert "1/1" in plain
    assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.slow
def test_only_lines_of_the_view_are_erased(written: str) -> None:
    assert "\x1b[2K" in written
    assert not re.search(r"\x1b\[[0-3]?J", written)


@pytest.mark.slow
def test_the_cursor_is_restored_at_the_end(written: str) -> None:
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


@pytest.mark.slow
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    assert _on_terminal(TERM="dumb").splitlines()[0] == "StackSet deployer-access …"


@pytest.mark.slow
def test_colours_can_be_disabled() -> None:
    assert not re.search(r"\x1b\[[0-9;]*m", _on_terminal(NO_COLOR="1"))
