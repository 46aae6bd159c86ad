"""The entry point: every command by name, and the one place where an error becomes a message and an exit code.

A command's module is imported when the command runs, and boto3, troposphere, pydantic and rich inside the commands that
use them, so that `deployer --help` stays fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployer import __version__
from deployer.cli.commands import COMMANDS
from deployer.cli.lazy_group import LazyGroup
from deployer.cli.printing import print_text
from deployer.cli.signals import interrupted_by_sigterm
from deployer.clock import SYSTEM_CLOCK, Clock
from deployer.errors import (
    INTERRUPTED,
    INTERRUPTED_EXIT_CODE,
    USAGE_EXIT_CODE,
    ClosedOutputError,
    DeployerError,
    FileAccessError,
)
from deployer.local_endpoint import reported_by

if TYPE_CHECKING:  # typer has its own click, and publishes no name for this type
    from typer._click.core import Context


class _Root(LazyGroup):
    """All commands; explains what Ctrl-C means, which typer would end with an exit code alone."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(entries=COMMANDS, **attributes)

    def invoke(self, ctx: Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            typer.echo(INTERRUPTED, err=True)
            raise typer.Exit(INTERRUPTED_EXIT_CODE) from error


EPILOG = (
    "Begin with: init, validate, plan, rollout --org.\n\n"
    "Exits with 0 when all is well, 2 for changes or findings, 64 for wrong usage, and another code for each kind of "
    "error: `deployer docs troubleshooting`."
)

app = typer.Typer(
    name="deployer",
    cls=_Root,
    help="Create missing Amazon ECR repositories on push, across a whole AWS Organization.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"deployer {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show a traceback if there is an error.")] = False,
) -> None:
    """Create missing Amazon ECR repositories on push, across a whole AWS Organization."""


def run(arguments: list[str], *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Run one command and give its exit code (deployer.errors has the table)."""
    ours, clients = _split(arguments)
    own = [*(argument for argument in ours if argument != "--debug"), *clients]
    try:
        with interrupted_by_sigterm(), reported_by(_Notice(is_quiet=_is_json(ours))):
            code = app(args=own, standalone_mode=False, obj=clock)
    except (typer.TyperException, typer.Abort) as error:
        return _report_usage(error)
    except Exception as error:
        if "--debug" in ours and not isinstance(error, ClosedOutputError):
            raise
        return _report(error)
    return code if isinstance(code, int) else 0


@dataclass(frozen=True)
class _Notice:
    """Prints that a command does not reach AWS; quiet when a program reads what the command prints."""

    is_quiet: bool

    def __call__(self, url: str) -> None:
        if not self.is_quiet:
            typer.echo(f"SANDBOX: calls go to {url}, not to AWS.", err=True)


def _is_json(arguments: list[str]) -> bool:
    """Whether an option asks for JSON, of the result or of the progress messages."""
    words = [word for argument in arguments for word in argument.split("=", 1)]
    follows = {(option, value) for option, value in pairwise(words) if option in {"--format", "--log-format"}}
    return not {"--json", "--json-lines"}.isdisjoint(words) or any(value.startswith("json") for _, value in follows)


def _report_usage(error: typer.TyperException | typer.Abort) -> int:
    """Print why the command line is not one, or that a question was not answered; gives the exit code."""
    if isinstance(error, typer.Abort):
        typer.echo(INTERRUPTED, err=True)
        return INTERRUPTED_EXIT_CODE
    message = error.format_message().replace(" Value error, ", " ")  # pydantic's words, through typer
    context = getattr(error, "ctx", None)
    if context is not None and message == context.get_help():  # a group alone
        typer.echo(message)
        return USAGE_EXIT_CODE
    command = getattr(context, "command_path", None) or "deployer"
    typer.echo(f"Error: {message}", err=True)
    typer.echo(f"  `{command} --help` lists arguments and options.", err=True)
    return USAGE_EXIT_CODE


def _report(error: Exception) -> int:
    """Print what went wrong, and give its exit code; what the system refuses is no defect."""
    if isinstance(error, ClosedOutputError):
        return error.exit_code
    if isinstance(error, DeployerError):
        print_text(f"Error: {error.message}", err=True)
        if error.next_step:
            print_text(f"  {error.next_step}", err=True)
        return error.exit_code
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename is not None else ""
        typer.echo(f"Error: The system refused an operation: {name}{error.strerror or error}", err=True)
        typer.echo("  --debug shows which.", err=True)
        return FileAccessError.exit_code
    typer.echo(f"Error: {type(error).__name__}: {error}", err=True)
    typer.echo("  This is a defect in deployer; --debug shows where.", err=True)
    return DeployerError.exit_code


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The arguments of deployer, and those of the container client that `push` runs."""
    command = next((index for index, argument in enumerate(arguments) if not argument.startswith("-")), None)
    if command is None or arguments[command] != "push":
        return arguments, []
    return arguments[: command + 1], arguments[command + 1 :]
