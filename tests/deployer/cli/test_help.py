"""What `--help` prints in a terminal of 80 columns."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from deployer.cli.commands import COMMANDS as COMMANDS_BY_NAME
from deployer.cli.help_texts import summary_of
from deployer.cli.lazy_group import Entry
from deployer.cli.main import app, run
from deployer.cli.needs import NEEDS
from deployer.cli.policy import POLICIES

pytestmark = pytest.mark.slow

ROOT: Any = typer.main.get_command(app)


def _commands(command: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*path, name))


COMMANDS = [pytest.param(path, command, id=" ".join(path) or "deployer") for path, command in _commands()]
EXAMPLES = [
    pytest.param(line.strip().removeprefix("$ "), id=line.strip())
    for _, command in _commands()
    for line in (command.epilog or "").splitlines()
    if line.startswith("  $ ")
]


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_the_help_of_a_command_shows_options_as_typed(
    path: tuple[str, ...], command: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*path, "--help"]) == 0
    out = capsys.readouterr().out
    assert command.help
    assert re.search(r"--help +Show this message", out)
    for technical in ("<bool>", "<str>", "<int", "<float", "<list", "<Path"):
        assert technical not in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_the_help_of_each_command_ends_with_the_policy_that_it_needs() -> None:
    leaves = {
        " ".join(path): command
        for path, command in _commands()
        if not hasattr(command, "commands") and path[0] != "sandbox"
    }
    assert leaves.keys() == NEEDS.keys()
    for name, command in leaves.items():
        assert (command.epilog or "").splitlines()[-1] == f"Needs: {NEEDS[name]}"
        assert len(NEEDS[name]) <= 70, "one line of 80 columns"
        for policies in re.findall(r"deployer policy ([a-z -]+)", NEEDS[name]):
            assert set(policies.split()) <= {*POLICIES}
    assert {name for name, needs in NEEDS.items() if "deployer policy" not in needs} == {"schema", "docs"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_the_help_is_an_existing_command(example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "deployer"
    command, context = ROOT, None
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    context = command.make_context("deployer", words)
    assert context.params


def test_the_main_commands_have_examples() -> None:
    with_examples = {" ".join(path) for path, command in _commands() if "$ " in (command.epilog or "")}
    assert {"rollout", "explain", "ensure", "push", "audit list"} <= with_examples


@pytest.mark.parametrize("entry", COMMANDS_BY_NAME, ids=lambda entry: entry.name)
def test_the_list_of_commands_has_the_summary_of_each(entry: Entry) -> None:
    assert entry.summary == summary_of(entry.load())


def test_listing_commands_imports_none_of_them() -> None:
    code = (
        "import sys; from deployer.cli.main import run; run(['--help']);"
        "print([name for name in sys.modules if name.startswith(('deployer.cli.', 'rich'))])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    imported = ast.literal_eval(shown.splitlines()[-1])
    assert set(imported) == {
        f"deployer.cli.{name}"
        for name in ("commands", "help_texts", "lazy_group", "main", "needs", "printing", "signals")
    }


def test_a_mistyped_command_is_reported_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["vlidate"]) == 64
    assert "validate" in capsys.readouterr().err


def test_a_missing_scope_is_not_reported_as_an_invalid_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rollout"]) == 64
    error = capsys.readouterr().err
    assert error.startswith("Error: Pass the scope: --org")
    assert "rollout --help`" in error
