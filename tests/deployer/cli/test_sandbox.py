"""`deployer sandbox …` has every command of `aws-org-sandbox`."""

from __future__ import annotations

from pathlib import Path

import pytest

import aws_org_sandbox.cli
from deployer import errors
from deployer.cli.main import run
from deployer.cli.sandbox import make_app


def test_it_has_every_command_and_group() -> None:
    theirs, ours = aws_org_sandbox.cli.app, make_app()
    assert theirs.registered_groups
    assert all(group in ours.registered_groups for group in theirs.registered_groups)
    assert all(command in ours.registered_commands for command in theirs.registered_commands)


def test_commands_of_groups_report_the_errors_of_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run(["sandbox", "fault", "list"]) == errors.SandboxError.exit_code
    assert "the sandbox is not running" in capsys.readouterr().err
