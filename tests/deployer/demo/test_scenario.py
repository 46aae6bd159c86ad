"""The whole demo, started as users start it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.demo import scenario
from deployer.demo.scenario import Demo
from tests.conftest import Generated
from tools.pictures import demo_picture

ROOT = Path(__file__).parents[3]
PATIENCE = 900
"""Seconds until a demo counts as hung; it takes one minute on a machine that has nothing else to do."""
PROGRAM = "from deployer.__main__ import main; main()"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    started = time.monotonic()
    completed = subprocess.run(
        [sys.executable, "-c", PROGRAM, "sandbox", "demo"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    print(f"{time.monotonic() - started:.1f} s\n{completed.stdout}\n{completed.stderr}")  # noqa: T201 - shown on failure
    return completed


def test_every_check_passes(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0
    assert "checks passed in" in demo.stdout
    assert "deployer docs getting-started" in " ".join(demo.stdout.splitlines()[-3:])
    assert "✗" not in demo.stdout


def test_each_step_is_reported(demo: subprocess.CompletedProcess[str]) -> None:
    for sentence in (
        "1. A local AWS",
        "2. Roll out",
        "3. Push to repositories that do not exist",
        "NAME_UNKNOWN",
        "the repository appears",
        "the next push succeeds",
        "pulled back with the same digest",
        "4. Push where ECR creates the repository",
        "the first push succeeds",
        "it has the OU's settings",
        "5. Push what an OU's rules refuse",
        "name-denied",
        "principal-not-allowed",
        "6. Request the repository before the push",
        "team-shop/worker (300000000001, eu-west-1): exists after",
        "7. A new account",
        "8. The ledger",
    ):
        assert sentence in demo.stdout


def test_the_picture_in_the_readme_is_what_the_demo_prints(
    demo: subprocess.CompletedProcess[str], generated: Generated
) -> None:
    """`make picture` updates it."""
    generated("docs/demo.svg", demo_picture(demo.stdout))


def test_lines_are_at_most_80_wide(demo: subprocess.CompletedProcess[str]) -> None:
    wide = [line for line in demo.stdout.splitlines() if len(line) > 80]
    assert [line for line in wide if ".dkr.ecr." not in line and ".lambda-url." not in line] == []  # cannot be broken


def test_a_failed_check_is_reported_and_fails_the_demo(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """If an OU refuses no names, the push that the demo expects to be refused creates a repository.

    Only with the chapters that this takes, in the sandbox of the tests.
    """

    def refusals(demo: Demo) -> None:
        assert demo._roll_out()
        sandbox.settle()
        demo._push_what_is_refused()

    monkeypatch.setattr(scenario, "Sandbox", lambda **_: contextlib.nullcontext(sandbox))
    monkeypatch.setattr(Demo, "run", refusals)
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    prod = config / "ous" / "workloads" / "prod.yaml"
    text = prod.read_text(encoding="utf-8")
    prod.write_text(text.replace('deny: ["**/tmp-*"]', "deny: []"), encoding="utf-8")
    assert run(["sandbox", "demo", "--config", str(config)]) == 1
    printed = capfd.readouterr()
    failed = printed.out.partition(" checks failed:")[2]
    assert "✗ no repository appears" in failed
    assert "✗ the ledger has the reason" in failed
    assert "Next: " not in failed
    assert "Traceback" not in printed.err


def test_missing_config_files_are_reported(tmp_path: Path) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", PROGRAM, "sandbox", "demo", "--config", "absent"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert completed.returncode == 3
    assert "Error: The config folder absent/ does not exist" in completed.stderr
    assert "Traceback" not in completed.stderr
