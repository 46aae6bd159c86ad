"""A client that runs as if its user had started it: exit code, output, terminal, signals."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.pushing.client_process import run_client
from tests.terminal import in_a_terminal, type_ctrl_c

pytestmark = pytest.mark.slow

COUNTING = """
import os, signal, sys, time
heard = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: heard.append(signal.Signals(number).name))
sys.stderr.write("ready\\n")
sys.stderr.flush()
for _ in range(1000):
    time.sleep(0.02)
    if heard:
        break
time.sleep(0.2)
sys.stderr.write(f"heard {heard}\\n")
sys.exit(7)
"""
"""Says which signals it got and ends with 7."""


def runner(folder: Path, script: str) -> list[str]:
    """A program that runs a script as the client, and ends as it does."""
    client = folder / "client.py"
    client.write_text(script)
    program = (
        "import sys; from deployer.pushing.client_process import run_client;"
        f" finished = run_client([sys.executable, {str(client)!r}]);"
        " sys.stderr.write('was stopped\\n' if finished.was_stopped else 'ended by itself\\n');"
        " sys.exit(finished.exit_code)"
    )
    return [sys.executable, "-c", program]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("import sys; print('done'); sys.stderr.write('warned\\n'); sys.exit(3)", 3, id="its exit code"),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, id="the signal that ended it"),
    ],
)
def test_a_client_runs_unchanged(script: str, code: int, capfd: pytest.CaptureFixture[str]) -> None:
    finished = run_client([sys.executable, "-c", script])
    assert finished.exit_code == code
    shown = capfd.readouterr()
    assert shown.err == finished.complaint
    if code == 3:
        assert (shown.out, shown.err) == ("done\n", "warned\n")


def test_only_the_end_of_a_long_complaint_is_kept() -> None:
    script = "import sys; sys.stderr.write('x' * 200_000 + 'name unknown')"
    finished = run_client([sys.executable, "-c", script])
    assert finished.complaint.endswith("name unknown")
    assert len(finished.complaint) == 65_536


def test_a_client_sees_a_terminal_where_the_user_has_one(tmp_path: Path) -> None:
    script = "import os, sys; sys.stderr.write(f'{os.isatty(0)} {os.isatty(2)} {os.get_terminal_size(2).columns}')"
    with in_a_terminal(runner(tmp_path, script), columns=93) as started:
        shown, _ = started.communicate(timeout=20)
    assert b"True True 93" in shown
    assert b"ended by itself" in shown


def test_a_client_whose_user_stopped_listening_ends_and_is_waited_for(tmp_path: Path) -> None:
    script = "import sys\nfor _ in range(100_000): sys.stderr.write('x' * 100)"
    with subprocess.Popen(runner(tmp_path, script), stderr=subprocess.PIPE) as started:
        assert started.stderr
        started.stderr.read(1)
        started.stderr.close()
        assert started.wait(timeout=20) != 0


def test_ctrl_c_reaches_the_client_once_and_its_exit_code_comes_back(tmp_path: Path) -> None:
    with in_a_terminal(runner(tmp_path, COUNTING)) as started:
        assert started.stdout
        assert b"ready" in started.stdout.readline()
        type_ctrl_c(started)
        shown, _ = started.communicate(timeout=20)
    assert b"heard ['SIGINT']" in shown
    assert b"was stopped" in shown
    assert started.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_sent_to_deployer_alone_is_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        runner(tmp_path, COUNTING), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        assert started.stderr
        assert started.stderr.readline() == "ready\n"
        started.send_signal(number)
        assert started.stderr.readline() == f"heard ['{number.name}']\n"
        assert started.stderr.readline() == "was stopped\n"
    assert started.returncode == 7
