"""`aws-org-sandbox`: start the sandbox, point a shell at it, inspect it, stop it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from aws_org_sandbox import __version__, process, shell, snapshots
from aws_org_sandbox.errors import SandboxError
from aws_org_sandbox.initial_state import InitialState

USAGE_EXIT_CODE = 64

app = typer.Typer(
    name="aws-org-sandbox",
    help="A local AWS organization on loopback.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Port = Annotated[
    int,
    typer.Option(
        "--port", metavar="N", min=0, max=65535, help="Port on the loopback interface; 0 selects a free port."
    ),
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")]
TimeScale = Annotated[
    float,
    typer.Option("--time-scale", metavar="X", min=0.0, max=1.0, help="Factor for AWS's waiting times; 1 is real time."),
]
AccountId = Annotated[
    str | None,
    typer.Option(
        "--account", metavar="ID", help="Use administrator credentials of this account, not the central account."
    ),
]
OrganizationFile = Annotated[
    Path | None,
    typer.Option("--organization", metavar="FILE", help="Organization to start with, instead of the example (JSON)."),
]
CentralAccount = Annotated[
    str | None,
    typer.Option(
        "--central-account",
        metavar="ID",
        help="Delegated administrator of StackSets, whose credentials `env` gives. Default: the management account.",
    ),
]
HomeRegion = Annotated[
    str | None, typer.Option("--home-region", metavar="REGION", help="Region of the trail and of `env`.")
]
EnabledRegions = Annotated[
    list[str] | None,
    typer.Option("--enable-region", metavar="REGION", help="Opt-in region that every account has; repeatable."),
]
Undo = Annotated[bool, typer.Option("--undo", help="Restore the variables that the shell had before.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def start(  # noqa: PLR0913, PLR0917 - options
    port: Port = process.DEFAULT_PORT,
    detach: Detach = False,
    time_scale: TimeScale = process.TIME_SCALE,
    organization: OrganizationFile = None,
    central_account: CentralAccount = None,
    home_region: HomeRegion = None,
    enabled_regions: EnabledRegions = None,
) -> None:
    """Start the sandbox, in the foreground unless --detach is given."""
    initial = InitialState(
        organization=snapshots.read(organization) if organization else None,
        central_account=central_account,
        home_region=home_region,
        enabled_regions=tuple(enabled_regions or ()),
    )
    run_sandbox(initial, port=port, detach=detach, time_scale=time_scale)


def run_sandbox(
    initial: InitialState, *, port: int, detach: bool, time_scale: float, program: str = process.PROGRAM
) -> None:
    """Start a sandbox and print how to use it; `program` is the command that messages name."""
    process.check_not_running()
    initial.check()
    if not detach:
        process.serve(port, time_scale=time_scale, initial=initial, program=program)
        return
    running = process.detach(port, time_scale=time_scale, initial=initial)
    found = running.ask("status")
    typer.echo(f"The sandbox listens on {running.url} (process {running.pid}).", err=True)
    typer.echo(f"Organization {found['organization']}, {found['accounts']} accounts.", err=True)
    typer.echo(f"Central account {found['central_account']}, home region {found['home_region']}.", err=True)
    typer.echo(f'To use it: eval "$({program} env)"', err=True)


@app.command()
def stop() -> None:
    """Stop the running sandbox and delete all of its state."""
    running = process.required()
    process.stop(running)
    typer.echo(f"The sandbox at {running.url} has stopped.", err=True)


@app.command()
def status(as_json: Json = False) -> None:
    """Show where the sandbox listens, its AWS calls and its defects."""
    found = process.required().ask("status")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    typer.echo(f"Endpoint      {found['endpoint_url']} (process {found['pid']})")
    typer.echo(f"Organization  {found['organization']}, {found['accounts']} accounts")
    typer.echo(f"Central       {found['central_account']} in {found['home_region']}")
    typer.echo(f"AWS calls     {found['calls']}, {found['pending']} tasks in progress")
    for defect in found["defects"]:
        typer.echo(f"Defect        {defect}")


@app.command()
def env(account: AccountId = None, undo: Undo = False) -> None:
    """Print the commands that point a shell at the sandbox, for `eval "$(aws-org-sandbox env)"`.

    They unset what would lead elsewhere: profiles, session tokens, other endpoints and proxies. --undo restores it.
    """
    print_environment(account, undo=undo)


def print_environment(account: str | None, *, undo: bool, others: Collection[str] = ()) -> None:
    """Print the commands for a shell; `others` are further variables to unset."""
    if undo and account:
        raise typer.BadParameter("takes no --account", param_hint="--undo")
    if undo:
        lines = list(shell.undo_commands(os.environ))
        if not lines:
            typer.echo("Nothing to undo: this shell does not use the sandbox.", err=True)
    else:
        variables = process.required().ask("environment", {"account": account} if account else {})
        lines = list(shell.commands(variables, os.environ, others=others))
    for line in lines:
        typer.echo(line)


@app.command()
def reset() -> None:
    """Delete all state: the sandbox is as after its start, on the same port."""
    found = process.required().ask("reset")
    typer.echo(f"The sandbox was reset: organization {found['organization']} as at its start.", err=True)


@app.command()
def settle(
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="Maximum time to wait.")] = 60.0,
) -> None:
    """Wait until no operation, event, function or retry is in progress."""
    process.required().ask("settle", {"timeout": timeout}, timeout=timeout + 10.0)


fault_app = typer.Typer(name="fault", help="Inject faults: calls that AWS answers with an error.", no_args_is_help=True)
app.add_typer(fault_app)


@fault_app.command("add")
def add_fault(  # noqa: PLR0913, PLR0917 - a fault has that many parts
    error: Annotated[str, typer.Option("--error", metavar="CODE", help="Error code of the answer.")],
    service: Annotated[
        str, typer.Option("--service", metavar="NAME", help="Service, by the AWS CLI's name: ecr, cloudformation, ….")
    ],
    operation: Annotated[
        str | None, typer.Option("--operation", metavar="NAME", help="Operation: CreateRepository, …. Default: all.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Account of the caller. Default: all.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="Region. Default: all.")] = None,
    message: Annotated[str | None, typer.Option("--message", metavar="TEXT", help="Message of the error.")] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="How many calls it hits. Default: all.")
    ] = None,
) -> None:
    """Answer the calls that match with an error, from now on; they have no effect."""
    values = {
        "error": error,
        "service": service,
        "operation": operation,
        "account": account,
        "region": region,
        "message": message,
        "count": count,
    }
    typer.echo(fault_line(process.required().ask("fault-add", values)), err=True)


@fault_app.command("list")
def list_faults(as_json: Json = False) -> None:
    """List the faults in force, with the number of calls that each has hit."""
    found = process.required().ask("fault-list")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    for fault in found["faults"]:
        typer.echo(fault_line(fault))


@fault_app.command("clear")
def clear_faults() -> None:
    """Remove all faults."""
    removed = process.required().ask("fault-clear")["removed"]
    typer.echo(f"Removed {removed} {'fault' if removed == 1 else 'faults'}.", err=True)


def fault_line(fault: Mapping[str, Any]) -> str:
    """One line about a fault: calls, error, hits."""
    calls = f"{fault['service'] or 'every service'}:{fault['operation'] or '*'}"
    scope = "".join(f" in {fault[part]}" for part in ("account", "region") if fault[part])
    limit = "every call" if fault["count"] is None else f"the first {fault['count']}"
    return f"{calls}{scope}  {fault['error']}  {limit}, {fault['hits']} hit so far"


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"aws-org-sandbox {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A local AWS organization on loopback."""


def run(arguments: list[str]) -> int:
    """Run one command and give its exit code."""
    try:
        code = app(args=arguments, standalone_mode=False)
    except typer.TyperException as error:
        if error.format_message():
            typer.echo(f"Error: {error.format_message()}", err=True)
        return USAGE_EXIT_CODE
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except SandboxError as error:
        typer.echo(f"Error: {error.message}", err=True)
        if error.next_step:
            typer.echo(f"  {error.next_step}", err=True)
        return error.exit_code
    return code if isinstance(code, int) else 0


def main() -> None:
    """Run the command line; never returns."""
    sys.exit(run(sys.argv[1:]))
