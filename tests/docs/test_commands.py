"""Every command in README.md and docs/ is run against the sandbox, page by page."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from tests.clocks import impatient
from tests.deployer.command_line import Deployer
from tests.docs.commands import ROOT, Shown, pages, shown_in
from tests.function_urls import handler_url

ELSEWHERE = {
    "git clone": "fetches what is being tested",
    "cd": "`cd deployer` goes where the test is already, and `cd ~/…` decides where `deployer init` is run",
    "make": "tests/test_wheel.py runs what `make demo` runs; the rest is this test run itself",
    "pip install": "tests/test_wheel.py installs the wheel into an environment of its own",
    "pipx install": "as above",
    "deployer sandbox": "sandbox/tests/test_process.py starts, uses and stops it as a program of its own",
    "eval": "as above",
    ".venv/bin/python -m acceptance": "tests/acceptance/test_command_line.py runs each as a program of its own",
    "deployer push": "tests/clients and tests/deployer/cli/test_push.py run it, with real clients and logins",
}
"""Commands that are run by another test, or cannot be: each with where or why."""

EXIT_CODES = {
    "deployer plan": {0, 2},
    "deployer doctor": {0, 2},
    "deployer status": {0, 2},
    "deployer audit verify": {0, 2},
    "deployer audit usage": {0, 2},
}
"""Commands that mean something by another exit code than 0."""


def _is_run_elsewhere(command: Shown) -> bool:
    return any(command.text.startswith(beginning) for beginning in ELSEWHERE)


def _arguments(command: Shown) -> list[str]:
    """The arguments, with --yes instead of the reader's answer to the prompt."""
    asks = command.arguments[1:2] in (["rollout"], ["destroy"]) and "--yes" not in command.arguments
    return [*command.arguments[1:], *(["--yes"] if asks else [])]


def _run(arguments: list[str]) -> int:
    """Run a command; `> FILE` at its end saves its output, as in a shell."""
    if arguments[-2:-1] != [">"]:
        return run(arguments, clock=impatient())
    with Path(arguments[-1]).open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
        return run(arguments[:-2], clock=impatient())


NAMED = {"100000000000", "200000000001", "300000000001", "400000000001", "600000000001"}
"""The accounts that pages name, and one that is suspended: with fewer, roll-outs and audits take half of the time."""


def leave(sandbox: Sandbox) -> None:
    """Have all others leave the organization."""
    organizations = sandbox.client("organizations", account=sandbox.organization.management_account_id)
    for account in sandbox.organization.accounts.keys() - NAMED:
        organizations.remove_account_from_organization(AccountId=account)
    sandbox.settle()


def roll_out(sandbox: Sandbox) -> None:
    """A roll-out of the example's config files to the accounts that remain."""
    leave(sandbox)
    ran = Deployer(sandbox)("rollout", "--org", "--yes")
    assert ran.exit_code == 0, ran
    sandbox.settle()


begins_rolled_out = pytest.mark.begins_with(prepare=roll_out)


@pytest.fixture
def folder(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An operator's folder with the example config, and credentials of the central account."""
    leave(sandbox)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sandbox.settle()


def _place(command: Shown, page: Path, folder: Path) -> Path:
    """`init` runs without config/, in a folder of the reader's own, which the page enters before: a clone has one."""
    if not command.text.startswith("deployer init"):
        return folder
    assert any(other.text.startswith("cd ~/") for other in shown_in(page) if other.line < command.line), command
    empty = folder / "empty"
    empty.mkdir()
    return empty


def _marks(page: Path) -> tuple[pytest.MarkDecorator, ...]:
    """A page that begins with a roll-out is run in a copy of one installation, in which that changes nothing."""
    first = next(command.text for command in shown_in(page) if not _is_run_elsewhere(command))
    return (begins_rolled_out,) if first.startswith("deployer rollout --org") else ()


PAGES = [page for page in pages() if not all(map(_is_run_elsewhere, shown_in(page)))]


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name, marks=_marks(page)) for page in PAGES])
def test_the_commands_of_a_page(
    page: Path,
    folder: Path,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for command in shown_in(page):
        if _is_run_elsewhere(command):
            continue
        if command.text.startswith("export DEPLOYER_URL="):  # the page cannot know the id that AWS chooses
            monkeypatch.setenv("DEPLOYER_URL", handler_url(sandbox))
            continue
        assert command.program == "deployer", f"{command.page}:{command.line}: say in ELSEWHERE where this is run"
        with contextlib.chdir(_place(command, page, folder)):
            code = _run(_arguments(command))
        sandbox.settle()
        expected = next((codes for text, codes in EXIT_CODES.items() if command.text.startswith(text)), {0})
        assert code in expected, f"{command.page}:{command.line}: {command.text}\n{capfd.readouterr()}"
