"""What the demo reports when something in it fails; tests/test_wheel.py runs the whole demo."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.demo import scenario
from deployer.demo.commands import Shell
from deployer.demo.example import config_directory
from deployer.demo.scenario import Demo
from tests.clocks import impatient

ROOT = Path(__file__).parents[3]


def test_a_failed_check_is_reported_and_fails_the_demo(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """If an OU refuses no names, the push that the demo expects to be refused creates a repository.

    Only with the chapters, the OU and the region that this takes, in the sandbox and the process of the tests.
    """

    def refusals(demo: Demo) -> None:
        assert demo._roll_out()
        sandbox.settle()
        demo._push_what_is_refused()

    def show(shell: Shell, *arguments: str) -> int:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in shell.variables.items():
                environment.setenv(name, value)
            return run(list(arguments), clock=impatient())

    monkeypatch.setattr(scenario, "Sandbox", lambda **_: contextlib.nullcontext(sandbox))
    monkeypatch.setattr(scenario, "REFUSED", scenario.REFUSED[:1])
    monkeypatch.setattr(Demo, "run", refusals)
    monkeypatch.setattr(Shell, "show", show)
    config, prod = tmp_path / "config", "ous/workloads/prod.yaml"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("ous"))
    (config / prod).parent.mkdir(parents=True)
    text = (ROOT / "config" / prod).read_text(encoding="utf-8")
    text = text.replace('deny: ["**/tmp-*"]', "deny: []").replace("[eu-west-1, us-east-1]", "[eu-west-1]")
    (config / prod).write_text(text, encoding="utf-8")
    assert run(["sandbox", "demo", "--config", str(config)]) == 1
    printed = capfd.readouterr()
    failed = printed.out.partition(" checks failed:")[2]
    assert "✗ no repository appears" in failed
    assert "✗ the ledger has the reason" in failed
    assert "Next: " not in failed
    assert "Traceback" not in printed.err


def test_a_clone_has_the_config_files_of_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make demo` uses them; the wheel has a copy."""
    monkeypatch.chdir(ROOT)
    assert config_directory() == Path("config")
    monkeypatch.chdir(tmp_path)
    assert config_directory() == ROOT / "config"


def test_missing_config_files_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["sandbox", "demo", "--config", "absent"]) == 3
    printed = capsys.readouterr().err
    assert "Error: The config folder absent/ does not exist" in printed
    assert "Traceback" not in printed
