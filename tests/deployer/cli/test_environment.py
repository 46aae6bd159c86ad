"""Problems of the environment are not defects of a command: streams, full disks, locales, deleted folders, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deployer.errors import FileAccessError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "deployer"]
FILE_ERROR = FileAccessError.exit_code
EXPLAIN = [
    "explain",
    "shop-dev",
    "--config",
    str(ROOT / "config"),
    "--organization",
    str(ROOT / "config/snapshot.json"),
]
PAGE = ["docs", "guard"]
"""What prints most with the least imports."""
UNPRINTABLE = "name-\udcff"
"""The name of a file with a byte that is not UTF-8."""


def started(
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    before: Callable[[], None] | None = None,
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **(variables or {})},
        preexec_fn=before,  # noqa: PLW1509 - this process has one thread
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    assert "Exception ignored" not in err, err
    assert "defect" not in err, err
    return process.returncode, out or "", err


def test_a_full_standard_output_is_an_error_with_its_own_code() -> None:
    with Path("/dev/full").open("w") as full:
        code, _, err = ended(started(*PAGE, stdout=full.fileno()))
    assert (code, "Standard output cannot be written: No space left on device" in err) == (FILE_ERROR, True)


def test_a_closed_pipe_causes_no_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        code, _, err = ended(started(*PAGE, stdout=writing))
    finally:
        os.close(writing)
    assert (code, err) == (FILE_ERROR, "")


@pytest.mark.parametrize(
    ("descriptors", "code"),
    [
        pytest.param([0], 0, id="input"),
        pytest.param([1], FILE_ERROR, id="output"),
        pytest.param([2], 0, id="errors"),
        pytest.param([0, 1, 2], FILE_ERROR, id="all"),
    ],
)
def test_closed_streams(descriptors: list[int], code: int) -> None:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    assert ended(started(*EXPLAIN, before=close))[0] == code


def test_a_full_standard_error_loses_only_messages() -> None:
    def fill() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)

    code, out, _ = ended(started(*EXPLAIN, before=fill))
    assert (code, bool(out)) == (0, True)


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"LC_ALL": "xx_YY.nothing", "LANG": "xx_YY"}, id="a locale that does not exist"),
        pytest.param({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, id="ASCII"),
        pytest.param({"PYTHONIOENCODING": "ascii"}, id="ASCII streams"),
        pytest.param({"TERM": ""}, id="no terminal type"),
        pytest.param(
            {"TERM": "nonesuch", "COLUMNS": "0", "LINES": "x", "HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
            id="an unknown terminal, no home folder and no folder for temporary files",
        ),
    ],
)
def test_unusual_environments(tmp_path: Path, variables: Mapping[str, str]) -> None:
    code, _, err = ended(started("validate", "--config", str(tmp_path / f"größe-{UNPRINTABLE}"), variables=variables))
    assert (code, "does not exist" in err) == (3, True)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["validate"], id="validate"),
        pytest.param(["init", "--yes"], id="init"),
        pytest.param(["schema", "--out", "schemas"], id="schema"),
        pytest.param(["audit", "verify"], id="audit verify"),
        pytest.param(["ensure", "--file", "bake.hcl"], id="ensure"),
        pytest.param(["--help"], id="help"),
    ],
)
def test_a_deleted_working_directory(tmp_path: Path, arguments: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code, _, err = ended(started(*arguments, folder=gone, before=gone.rmdir))
    assert (code == 0) == (arguments == ["--help"]), err
    assert "None" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["typer", "yaml"], ids=["at the start", "in a command"])
def test_a_signal_while_modules_are_imported(tmp_path: Path, number: signal.Signals, module: str) -> None:
    """The first import of a module waits, as on a slow disk, until the signal arrives."""
    ready = tmp_path / "ready"
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import pathlib, sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            pathlib.Path({str(ready)!r}).touch()
            time.sleep(300)
sys.meta_path.insert(0, Slow())
""",
        encoding="utf-8",
    )
    process = started("validate", variables={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    deadline = time.monotonic() + 120
    while not ready.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    code, _, err = ended(process)
    assert code == 130
    assert err.startswith("Interrupted.")
