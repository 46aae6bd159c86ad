"""`deployer sandbox …`: the commands of `aws-org-sandbox`, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from deployer.cli.demo import demo
from deployer.cli.help_texts import HelpedGroup
from deployer.extras import SANDBOX, require

if TYPE_CHECKING:
    from typer._click.core import Context  # typer has its own click, and publishes no name for this type

    from aws_org_sandbox.errors import SandboxError
    from deployer import errors


class _Delegating(HelpedGroup):
    """Raises the sandbox's errors as this program's own."""

    def invoke(self, ctx: Context) -> object:
        from aws_org_sandbox.errors import SandboxError

        try:
            return super().invoke(ctx)
        except SandboxError as error:
            raise _own(error) from error


def _own(error: SandboxError) -> errors.DeployerError:
    """The sandbox's error as one of this program, with the next step as a command of this program."""
    from aws_org_sandbox import errors as theirs
    from deployer import errors

    classes = {
        theirs.MissingFileError: errors.NotFoundError,
        theirs.OrganizationFileError: errors.ConfigurationError,
        theirs.PortInUseError: errors.PortInUseError,
        theirs.UnknownAccountError: errors.NotFoundError,
    }
    step = error.next_step and error.next_step.replace("aws-org-sandbox ", "deployer sandbox ")
    return classes.get(type(error), errors.SandboxError)(error.message, next_step=step)


def make_app() -> typer.Typer:
    """The group of commands; raises MissingExtraError unless the sandbox is installed."""
    require(SANDBOX, purpose="The sandbox")
    import aws_org_sandbox.cli
    from deployer.cli import sandbox_commands

    app = typer.Typer(
        name="sandbox", cls=_Delegating, help="A local AWS with an example organization.", no_args_is_help=True
    )
    own = (demo, sandbox_commands.start, sandbox_commands.env)
    for command in own:
        app.command()(command)
    replaced = {command.__name__ for command in own}
    for theirs in aws_org_sandbox.cli.app.registered_commands:
        if theirs.callback is not None and theirs.callback.__name__ not in replaced:
            app.registered_commands.append(theirs)
    app.registered_groups += aws_org_sandbox.cli.app.registered_groups
    return app
