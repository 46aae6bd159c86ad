"""A client runs as if its user had started it: exit code, output, terminal, signals."""

from __future__ import annotations

import os
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
        "import sys; from deployer.pushing import client_process; client_process._LAST_WORDS_SECONDS = 0.5;"
        f" finished = client_process.run_client([sys.executable, {str(client)!r}]);"
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
    assert finished.output == f"{shown.out}\n{shown.err}"
    if code == 3:
        assert (shown.out, shown.err) == ("done\n", "warned\n")


def test_only_the_end_of_a_long_output_is_stored(capfd: pytest.CaptureFixture[str]) -> None:
    script = "import sys; sys.stdout.write('y' * 3_000_000); sys.stderr.write('x' * 3_000_000 + 'name unknown')"
    finished = run_client([sys.executable, "-c", script])
    assert finished.output.endswith("name unknown")
    assert len(finished.output) == 2 * 1_048_576 + 1
    shown = capfd.readouterr()
    assert (len(shown.out), len(shown.err)) == (3_000_000, 3_000_012)


def test_output_to_one_stream_keeps_its_order(tmp_path: Path) -> None:
    script = "import os\nfor number in range(500): os.write(number % 2 + 1, f'{number}\\n'.encode())"
    shown = subprocess.run(
        runner(tmp_path, script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60
    ).stdout
    assert shown.splitlines()[:500] == [str(number) for number in range(500)]


def test_a_background_program_is_not_waited_for(tmp_path: Path) -> None:
    script = "import subprocess; subprocess.Popen(['sleep', '300']); print('done', flush=True)"
    started = subprocess.run(runner(tmp_path, script), capture_output=True, text=True, check=False, timeout=120)
    assert started.stdout == "done\n"
    assert "ended by itself" in started.stderr


INPUT = """
import subprocess, sys
from deployer.pushing.client_process import StandardInput, run_client
given = StandardInput(is_read={is_read})
for _ in range(2):
    run_client(["sh", "-c", {script!r}])
    print(given.rewind(), flush=True)
"""
READING, NOT_READING = "cat", "echo ran"


@pytest.mark.parametrize(
    ("script", "is_read", "shown"),
    [
        pytest.param(READING, False, "given\nFalse\nFalse\n", id="a pipe that is read"),
        pytest.param(NOT_READING, False, "ran\nTrue\nran\nTrue\n", id="a pipe that is not read"),
        pytest.param(NOT_READING, True, "ran\nFalse\nran\nFalse\n", id="a pipe that the command line names"),
    ],
)
def test_a_pipe_can_be_read_once(script: str, is_read: bool, shown: str) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"given\n")
    os.close(writer)
    program = INPUT.format(is_read=is_read, script=script)
    with os.fdopen(reader) as given:
        done = subprocess.run(
            [sys.executable, "-c", program], stdin=given, stdout=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.stdout == shown


def test_a_file_is_read_again_from_its_former_position(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("before\ngiven\n")
    with (tmp_path / "input").open("rb") as given:
        os.lseek(given.fileno(), len("before\n"), os.SEEK_SET)
        program = INPUT.format(is_read=True, script=READING)
        done = subprocess.run(
            [sys.executable, "-c", program], stdin=given, stdout=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.stdout == "given\nTrue\ngiven\nTrue\n"


def test_empty_input_can_be_read_again() -> None:
    program = INPUT.format(is_read=True, script=READING)
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "True\nTrue\n"


def test_a_client_sees_a_terminal_if_the_user_has_one(tmp_path: Path) -> None:
    script = "import os, sys; sys.stderr.write(f'{[*map(os.isatty, range(3))]} {os.get_terminal_size(2).columns}')"
    with in_a_terminal(runner(tmp_path, script), columns=93) as started:
        shown, _ = started.communicate(timeout=20)
    assert b"[True, True, True] 93" in shown
    assert b"ended by itself" in shown


def test_a_client_whose_output_is_closed_ends_and_is_waited_for(tmp_path: Path) -> None:
    script = "import sys\nfor _ in range(100_000): sys.stderr.write('x' * 100)"
    with subprocess.Popen(runner(tmp_path, script), stderr=subprocess.PIPE) as started:
        assert started.stderr
        started.stderr.read(1)
        started.stderr.close()
        assert started.wait(timeout=20) != 0


def test_ctrl_c_reaches_the_client_once_and_its_exit_code_is_returned(tmp_path: Path) -> None:
    with in_a_terminal(runner(tmp_path, COUNTING)) as started:
        assert started.stdout
        assert b"ready" in started.stdout.readline()
        type_ctrl_c(started)
        shown, _ = started.communicate(timeout=20)
    assert b"heard ['SIGINT']" in shown
    assert b"was stopped" in shown
    assert started.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_sent_only_to_deployer_is_forwarded(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        runner(tmp_path, COUNTING), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        assert started.stderr
        assert started.stderr.readline() == "ready\n"
        started.send_signal(number)
        assert started.stderr.readline() == f"heard ['{number.name}']\n"
        assert started.stderr.readline() == "was stopped\n"
    assert started.returncode == 7
