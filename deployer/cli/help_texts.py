"""Help of the commands: their docstrings, wrapped at the terminal's own width, and options as they are typed."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import typer
import typer.core

from deployer.cli.needs import needs_line

if TYPE_CHECKING:  # typer has its own click, and publishes no names for these types
    from typer._click.core import Command, Context, Parameter
    from typer._click.formatting import HelpFormatter

EXAMPLE = "$ "
AS_IT_IS = "\b"
"""Before a paragraph whose lines are not to be filled."""


class HelpedCommand(typer.core.TyperCommand):
    """A command whose help shows `--json` instead of typer's `--json <bool>`."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        return [_as_typed(parameter) for parameter in super().get_params(ctx)]


class HelpedGroup(typer.core.TyperGroup):
    """A group of commands, with the same help and each command's whole summary."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        return [_as_typed(parameter) for parameter in super().get_params(ctx)]

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        commands = {name: self.commands[name] for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary_of(command)) for name, command in commands.items()])


def summary_of(command: Command) -> str:
    """The first paragraph of a command's help."""
    return str(command.help).partition("\n\n")[0]


def use_docstrings(app: typer.Typer, *groups: str) -> None:
    """Make each command's docstring its help, below groups too; lines of it that begin with `$ ` are its examples.

    The last line is the policy that the command needs. `groups` are the words before those of `app`.
    """
    for command in app.registered_commands:
        command.cls = HelpedCommand
        if command.callback is not None:
            paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
            command.help = "\n\n".join(_unwrapped(one) for one in paragraphs if not one.startswith(EXAMPLE))
            name = command.name or command.callback.__name__
            parts = [_examples(paragraphs), needs_line(" ".join((*groups, name)))]
            command.epilog = "\n\n".join(part for part in parts if part) or None
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance.info.cls = HelpedGroup
            use_docstrings(group.typer_instance, *groups, str(group.name or group.typer_instance.info.name))


def _unwrapped(text: str) -> str:
    """Typer keeps the breaks of all paragraphs but the first."""
    return " ".join(text.split("\n"))


def _examples(paragraphs: list[str]) -> str | None:
    lines = [line for one in paragraphs if one.startswith(EXAMPLE) for line in one.splitlines()]
    return "\n".join([AS_IT_IS, "Examples:", *(f"  {line}" for line in lines)]) if lines else None


def _as_typed(parameter: Parameter) -> Parameter:
    """A flag takes no value, and an argument is described by its name: neither shows a type."""
    if isinstance(parameter, typer.core.TyperArgument) and parameter.metavar is not None:
        parameter.display_type_rich = _no_type  # type: ignore[method-assign]
    elif isinstance(parameter, typer.core.TyperOption) and parameter.is_flag:
        parameter.metavar = ""
    return parameter


def _no_type(ctx: Context) -> None:  # noqa: ARG001 - typer asks with a context
    return None
