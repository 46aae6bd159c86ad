"""docs/schemas/ describes the JSON output; `make golden` updates the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer._click.core import Command
from typer.core import TyperGroup

from deployer.cli.commands import COMMANDS
from tests.conftest import ROOT, Generated
from tools.schemas import SCHEMAS, render

FOLDER = Path("docs/schemas")
BY_HAND = {"notice", "request"}
"""Schemas of the handler's: its tests hold it to them."""
OF_LINES = {"rollout-events"}


def _commands(command: Command, words: str) -> Iterator[tuple[str, Command]]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from _commands(child, f"{words}-{name}")
    else:
        yield words, command


def _printing_json() -> set[str]:
    found = (pair for entry in COMMANDS for pair in _commands(entry.load(), entry.name))
    return {words for words, command in found if any("--json" in parameter.opts for parameter in command.params)}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_equals_the_generated_one(name: str, generated: Generated) -> None:
    generated(f"{FOLDER}/{name}.json", render(name))


def test_every_command_with_json_output_has_a_schema() -> None:
    printing = _printing_json()
    assert len(printing) > 20
    assert {*SCHEMAS} - OF_LINES == printing


def test_every_file_is_a_schema_that_is_generated_or_tested() -> None:
    assert {file.name for file in (ROOT / FOLDER).iterdir()} == {f"{name}.json" for name in {*SCHEMAS, *BY_HAND}}


@pytest.mark.parametrize("name", sorted({*SCHEMAS} - OF_LINES))
def test_the_title_names_the_command(name: str) -> None:
    assert str(SCHEMAS[name]()["title"]).replace(" ", "-").startswith(f"What-`deployer-{name}")
