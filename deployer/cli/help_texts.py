"""Help of the commands: their docstrings, with paragraphs that a terminal wraps at its own width."""

from __future__ import annotations

import inspect

import typer


def use_docstrings(app: typer.Typer) -> None:
    """Make each command's docstring its help, below groups too: typer keeps the breaks of all paragraphs but one."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.help = _unwrapped(inspect.getdoc(command.callback) or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            use_docstrings(group.typer_instance)


def _unwrapped(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in text.split("\n\n"))
