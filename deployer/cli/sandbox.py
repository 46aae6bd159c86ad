"""`deployer sandbox …`: a local AWS with an example organization, for any tool that takes an endpoint URL."""

from __future__ import annotations

import json
import shlex
from typing import Annotated

import typer

from deployer.cli.demo import demo
from deployer.cli.options import Json

app = typer.Typer(name="sandbox", help="A local AWS with an example organization.", no_args_is_help=True)
app.command()(demo)

Port = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port on loopback; 0 takes any free one.")
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Run it in the background.")]
TimeScale = Annotated[
    float,
    typer.Option(
        "--time-scale", metavar="X", min=0.0, max=1.0, help="How much of AWS's waiting times to keep; 1 is all."
    ),
]
AccountId = Annotated[
    str | None,
    typer.Option("--account", metavar="ID", help="Act as administrator of this account instead of the central one."),
]


@app.command()
def start(port: Port = 4599, detach: Detach = False, time_scale: TimeScale = 0.05) -> None:
    """Start the sandbox, in the foreground unless --detach is given."""
    from deployer.extras import SANDBOX_PACKAGES, require
    from aws_org_sandbox import process

    require("sandbox", SANDBOX_PACKAGES, purpose="The sandbox")
    process.check_not_running()
    if not detach:
        process.serve(port, time_scale=time_scale)
        return
    running = process.detach(port, time_scale=time_scale)
    typer.echo(f"The sandbox listens on {running.url} (process {running.pid}).", err=True)
    typer.echo('Use it with: eval "$(deployer sandbox env)"', err=True)


@app.command()
def stop() -> None:
    """End the running sandbox; all that it holds is gone."""
    from aws_org_sandbox import process

    running = process.required()
    process.stop(running)
    typer.echo(f"The sandbox at {running.url} has ended.", err=True)


@app.command()
def status(as_json: Json = False) -> None:
    """Show where the sandbox listens and what it has been up to."""
    from aws_org_sandbox import process

    found = process.required().ask("status")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    typer.echo(f"Endpoint      {found['endpoint_url']} (process {found['pid']})")
    typer.echo(f"Organization  {found['organization']}, {found['accounts']} accounts")
    typer.echo(f"Central       {found['central_account']} in {found['home_region']}")
    typer.echo(f"AWS calls     {found['calls']}, {found['pending']} tasks under way")
    for defect in found["defects"]:
        typer.echo(f"Defect        {defect}")


@app.command()
def env(account: AccountId = None) -> None:
    """Print the variables that point a shell at the sandbox, for `eval "$(deployer sandbox env)"`."""
    from aws_org_sandbox import process

    variables = process.required().ask("environment", {"account": account} if account else {})
    for name, value in sorted(variables.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def reset() -> None:
    """Forget everything: the sandbox is as after its start, on the same port."""
    from aws_org_sandbox import process

    process.required().ask("reset")
    typer.echo("The sandbox holds the example organization again, and nothing else.", err=True)


@app.command()
def settle(
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="How long to wait at most.")] = 60.0,
) -> None:
    """Wait until no operation, event, function or retry is under way in the sandbox."""
    from aws_org_sandbox import process

    process.required().ask("settle", {"timeout": timeout}, timeout=timeout + 10.0)
