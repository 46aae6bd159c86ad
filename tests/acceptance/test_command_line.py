"""`python -m acceptance` as a program: it announces its changes, asks, and cleans up however it ends."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from acceptance.cli import main, say
from acceptance.journal import Journal, Resource, folder
from acceptance.sandbox import CENTRAL, MANAGEMENT, MEMBER, OU
from aws_org_sandbox.sandbox import Sandbox
from tests.acceptance.remains import remains
from tests.docs.commands import ROOT, shown_in

pytestmark = pytest.mark.slow

LIMIT = 120.0


@dataclass(frozen=True)
class Program:
    """The command with AWS profiles of a person; by default, the test account is accessed with a role.

    A process of its own is started if it is to end in the middle, and once for the command as the docs have it.
    """

    folder: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "acceptance", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        environment = {**self.environment, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=self.folder, env=environment, text=True, **pipes)  # type: ignore[call-overload, no-any-return]

    def __call__(self, *arguments: str, answer: str = "") -> tuple[int, str]:
        """Run it in this process: what it prints, and its exit code."""
        printed = io.StringIO()
        with (
            patch.dict(os.environ, self.environment, clear=True),
            patch.object(sys, "stdin", io.StringIO(answer)),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            return main(arguments), printed.getvalue()


@pytest.fixture
def program(acceptance_sandbox: Sandbox, tmp_path: Path) -> Program:
    acceptance_sandbox.calls.clear()
    profiles = tmp_path / "credentials"
    with profiles.open("w") as file:
        for name, account in (("central", CENTRAL), ("management", MANAGEMENT)):
            keys = acceptance_sandbox.credentials(account)
            file.write(f"[{name}]\naws_access_key_id = {keys.access_key_id}\n")
            file.write(f"aws_secret_access_key = {keys.secret_access_key}\nregion = eu-west-1\n")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return Program(
        tmp_path,
        kept
        | {
            "AWS_ENDPOINT_URL": acceptance_sandbox.endpoint_url,
            "AWS_SHARED_CREDENTIALS_FILE": str(profiles),
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "NO_PROXY": "127.0.0.1,localhost",
        },
    )


def shown(beginning: str) -> list[str]:
    """The arguments of a command of docs/contributing/acceptance.md, after `python -m acceptance`."""
    (command,) = [
        one
        for one in shown_in(ROOT / "docs" / "contributing" / "acceptance.md")
        if f"acceptance {beginning}" in one.text
    ]
    return command.arguments[3:]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def has_created(sandbox: Sandbox) -> bool:
    """Whether a call that creates a resource has been answered, since the test began."""
    answered = (call for call in sandbox.calls if call.milliseconds is not None and not call.error_code)
    return any(call.operation.startswith("Create") for call in answered)


def journals(program: Program) -> Sequence[Path]:
    return list(Path(program.environment["XDG_STATE_HOME"]).rglob("*.jsonl"))


def test_it_lists_what_it_will_create_and_creates_nothing_without_confirmation(
    acceptance_sandbox: Sandbox, program: Program
) -> None:
    code, out = program(*shown("run"), answer="no\n")
    assert code == 12
    assert "member: a stack of five roles" in out
    assert "needs a suspended account" in out
    assert "at most $0." in out
    assert (remains(acceptance_sandbox), journals(program)) == ([], [])


def test_the_command_of_the_docs_runs_and_reports(acceptance_sandbox: Sandbox, program: Program) -> None:
    """Only some checks (another test runs all), from the profiles to the report."""
    process = program.start(*shown("run"), "--only", "A2,A14")
    out, _ = process.communicate("yes\n", timeout=LIMIT)
    assert process.returncode == 0, out
    report = json.loads((program.folder / "acceptance-report" / "report.json").read_text())
    assert [one["verdict"] for one in report["checks"]] == ["held", "held"]
    assert MEMBER not in json.dumps(report)
    assert (remains(acceptance_sandbox), journals(program)) == ([], [])


def test_created_resources_are_removed_when_the_run_is_ended(acceptance_sandbox: Sandbox, program: Program) -> None:
    """By a signal to the program; tests/acceptance/test_runner.py has the other signals."""
    with acceptance_sandbox.held():  # what it creates stays in progress, so the run is in the middle of it
        process = program.start(*shown("run"), "--only", "A1", "--yes")
        wait_until(lambda: has_created(acceptance_sandbox))
        assert remains(acceptance_sandbox), "there is nothing to remove"
        process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, out
    assert (remains(acceptance_sandbox), journals(program)) == ([], []), out


def test_clean_removes_resources_of_a_killed_run(acceptance_sandbox: Sandbox, program: Program) -> None:
    with acceptance_sandbox.held():
        process = program.start(*shown("run"), "--only", "A1", "--yes")
        wait_until(lambda: has_created(acceptance_sandbox))
        process.kill()
        process.communicate(timeout=LIMIT)
    assert remains(acceptance_sandbox)
    code, out = program(*shown("clean"))
    assert code == 0, out
    assert (remains(acceptance_sandbox), journals(program)) == ([], []), out


def test_clean_does_not_touch_a_run_in_progress(
    program: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", program.environment["XDG_STATE_HOME"])
    journal = Journal(folder() / "accept-0a1b2c3d.jsonl")
    journal.header({"account": MEMBER, "ou": OU, "process": os.getppid()})
    journal.creating(Resource(kind="stack", side="central", region="eu-west-1", name="accept-0a1b2c3d-x"))
    journal.hold()
    assert main(["clean"]) == 0
    journal.close()
    assert "is in progress" in capsys.readouterr().err
    assert len(journal.left()) == 1


def test_without_a_terminal_nothing_is_created(acceptance_sandbox: Sandbox, program: Program) -> None:
    code, out = program(*shown("run"), answer="")
    assert (code, "Pass --yes" in out, "Traceback" in out) == (12, True, False), out
    assert (remains(acceptance_sandbox), journals(program)) == ([], [])


def test_a_check_that_does_not_exist_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "--only", "A99"]) == 64
    assert "No such check: A99" in capsys.readouterr().err


def test_clean_reports_that_there_is_nothing_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["clean"]) == 0
    assert "No resources of earlier runs" in capsys.readouterr().err


def test_closing_the_terminal_does_not_stop_the_clean_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Closed())
    say("Removing stack x")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--account", CENTRAL, "--ou", OU), "is the central account", id="the central account"),
        pytest.param(("--account", MEMBER, "--ou", "r-exam"), "The root cannot be used", id="the root"),
        pytest.param(
            ("--account", MEMBER, "--ou", "ou-exam-platf001"),
            f"also contains {CENTRAL}",
            id="an OU with other accounts",
        ),
        pytest.param(("--account", "123456789012", "--ou", OU), "is not in organization", id="an outside account"),
        pytest.param(
            ("--account", MEMBER, "--ou", OU, "--suspended-account", CENTRAL),
            "is not suspended",
            id="an active account",
        ),
    ],
)
def test_an_account_or_ou_that_must_not_be_used_is_refused(
    program: Program, arguments: tuple[str, ...], said: str
) -> None:
    code, out = program("run", "--profile", "central", "--management-profile", "management", "--yes", *arguments)
    assert (code, said in out, journals(program)) == (1, True, []), out
