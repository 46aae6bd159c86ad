"""`deployer sandbox …` has every command of `aws-org-sandbox`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer

import aws_org_sandbox.cli
from aws_org_sandbox import process
from aws_org_sandbox.sandbox import Sandbox
from deployer import errors
from deployer.cli.main import run
from deployer.cli.sandbox import make_app
from tests.deployer.command_line import CONFIG
from tests.deployer.json_documents import check_output
from tests.example_organization import EXAMPLE


def test_it_has_every_command_and_group() -> None:
    theirs, ours = aws_org_sandbox.cli.app, make_app()
    assert theirs.registered_groups
    assert all(group in ours.registered_groups for group in theirs.registered_groups)
    assert _names(theirs) < _names(ours)
    assert len(ours.registered_commands) == len(_names(ours))


def _names(app: typer.Typer) -> set[str]:
    return {command.callback.__name__ for command in app.registered_commands if command.callback}


def test_commands_of_groups_report_the_errors_of_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert run(["sandbox", "fault", "list"]) == errors.SandboxError.exit_code
    assert "the sandbox is not running" in capsys.readouterr().err


def test_json_output_has_schemas(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    process.state_file().parent.mkdir()
    port = int(sandbox.endpoint_url.rpartition(":")[2])
    process.state_file().write_text(json.dumps({"pid": os.getpid(), "port": port}), encoding="utf-8")
    assert run(["sandbox", "fault", "add", "--service", "sts", "--error", "Odd"]) == 0
    for command in (["sandbox", "fault", "list", "--json"], ["sandbox", "status", "--json"]):
        capsys.readouterr()
        assert run(command) == 0
        check_output(command, capsys.readouterr().out)


SNAPSHOT = EXAMPLE.to_json()


@pytest.mark.parametrize(
    ("snapshot", "options", "error", "problem"),
    [
        pytest.param(None, [], errors.NotFoundError, "f.json cannot be read", id="no snapshot"),
        pytest.param("{}", [], errors.ConfigurationError, "f.json: accounts: missing", id="another document"),
        pytest.param(
            SNAPSHOT.replace("o-exampleorg1", "o-exampleorg2"),
            ["--config", str(CONFIG)],
            errors.WrongOrganizationError,
            "f.json is of organization o-exampleorg2, but ",
            id="another organization",
        ),
        pytest.param(
            SNAPSHOT.replace("200000000001", "200000000009"),
            ["--config", str(CONFIG)],
            errors.ConfigurationError,
            "central.account: 200000000001 is not in ",
            id="no central account",
        ),
        pytest.param(
            SNAPSHOT,
            ["--config", "nowhere"],
            errors.ConfigurationError,
            "nowhere",
            id="no config folder",
        ),
        pytest.param(
            SNAPSHOT,
            ["--central-account", "600000000001"],
            errors.ConfigurationError,
            "600000000001 (old-project) is SUSPENDED",
            id="a suspended central account",
        ),
    ],
)
def test_an_organization_that_cannot_be_started_is_refused(
    snapshot: str | None,
    options: list[str],
    error: type[errors.DeployerError],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    file = tmp_path / "f.json"
    if snapshot is not None:
        file.write_text(snapshot, encoding="utf-16")  # as PowerShell writes it
    assert run(["sandbox", "start", "--organization", str(file), *options]) == error.exit_code
    assert problem in capsys.readouterr().err


def test_only_the_central_account_is_read_from_the_config_folder() -> None:
    both = ["--config", str(CONFIG), "--central-account", "200000000001"]
    assert run(["sandbox", "start", *both]) == errors.USAGE_EXIT_CODE
