"""The entry point: every command by name, and the one place where an error becomes a message and an exit code.

Command modules import only typer and the standard library at their top; boto3, troposphere, pydantic and rich are
imported inside the commands that use them, so that `deployer --help` stays fast.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from deployer import __version__
from deployer.cli import (
    audit,
    destroy,
    ensure,
    explain,
    failures,
    init,
    organization,
    plan,
    push,
    rollout,
    sandbox,
    schema,
    simulate,
    status,
    synth,
    validate,
)
from deployer.cli.help_texts import HelpedGroup, use_docstrings
from deployer.errors import DeployerError

USAGE_EXIT_CODE = 64
INTERRUPTED_EXIT_CODE = 130
INTERRUPTED = "Interrupted. What AWS was already asked to do goes on.\n  Run the command again to go on."


class _Interruptible(HelpedGroup):
    """Says what Ctrl-C means, which typer would end with an exit code alone."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            typer.echo(INTERRUPTED, err=True)
            raise typer.Exit(INTERRUPTED_EXIT_CODE) from error


EPILOG = (
    "Begin with: init, validate, plan, rollout --org.\n"
    "Exits with 0 when all is well, 2 for changes or findings, 64 for wrong usage, and another code for each kind of "
    "error: docs/troubleshooting.md."
)

app = typer.Typer(
    name="deployer",
    cls=_Interruptible,
    help="Create missing Amazon ECR repositories on push, across a whole AWS Organization.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
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


FILES, ROLL_OUT, PUSHES, LOOKING_BACK, LOCAL = "Config files", "Roll-out", "Pushes", "Looking back", "Locally"

app.command(rich_help_panel=FILES)(init.init)
app.command(rich_help_panel=FILES)(validate.validate)
app.command(rich_help_panel=FILES)(explain.explain)
app.command(rich_help_panel=FILES)(simulate.simulate)
app.command(rich_help_panel=FILES)(schema.schema)
app.add_typer(organization.app, rich_help_panel=FILES)
app.command(rich_help_panel=ROLL_OUT)(plan.plan)
app.command(rich_help_panel=ROLL_OUT)(rollout.rollout)
app.command(rich_help_panel=ROLL_OUT)(status.status)
app.command(rich_help_panel=ROLL_OUT)(destroy.destroy)
app.command(rich_help_panel=ROLL_OUT)(synth.synth)
app.command(rich_help_panel=PUSHES)(ensure.ensure)
app.command(rich_help_panel=PUSHES, context_settings={"allow_interspersed_args": False})(push.push)
app.add_typer(audit.app, rich_help_panel=LOOKING_BACK)
app.add_typer(failures.app, rich_help_panel=LOOKING_BACK)
app.add_typer(sandbox.app, rich_help_panel=LOCAL)
use_docstrings(app)


def main() -> None:
    """Run the command line; never returns. No traceback reaches a user without `--debug`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code (deployer.errors has the table)."""
    ours, clients = _split(arguments)
    debug = "--debug" in ours
    try:
        code = app(args=[*(argument for argument in ours if argument != "--debug"), *clients], standalone_mode=False)
    except typer.TyperException as error:
        if not error.format_message():
            return USAGE_EXIT_CODE  # a group alone: its help was shown
        command = getattr(getattr(error, "ctx", None), "command_path", None) or "deployer"
        message = error.format_message().replace(" Value error, ", " ")  # pydantic's words, through typer
        typer.echo(f"Error: {message}", err=True)
        typer.echo(f"  `{command} --help` lists what it understands.", err=True)
        return USAGE_EXIT_CODE
    except typer.Abort:
        typer.echo(INTERRUPTED, err=True)
        return INTERRUPTED_EXIT_CODE
    except DeployerError as error:
        if debug:
            raise
        typer.echo(f"Error: {error.message}", err=True)
        if error.next_step:
            typer.echo(f"  {error.next_step}", err=True)
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        typer.echo(f"Error: {type(error).__name__}: {error}", err=True)
        typer.echo("  This is a defect in deployer; --debug shows where.", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What is deployer's, and what is the container client's that `push` runs."""
    command = next((index for index, argument in enumerate(arguments) if not argument.startswith("-")), None)
    if command is None or arguments[command] != "push":
        return arguments, []
    return arguments[: command + 1], arguments[command + 1 :]
