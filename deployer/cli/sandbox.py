"""`deployer sandbox …`: the commands of `aws-org-sandbox`, and the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from deployer.cli.demo import demo
from deployer.cli.help_texts import HelpedGroup
from deployer.extras import SANDBOX_PACKAGES, require

if TYPE_CHECKING:  # typer has its own click, and publishes no name for this type
    from typer._click.core import Context


class _Delegating(HelpedGroup):
    """Raises the sandbox's errors as this program's own."""

    def invoke(self, ctx: Context) -> Any:
        from aws_org_sandbox.errors import SandboxError
        from deployer import errors

        try:
            return super().invoke(ctx)
        except SandboxError as error:
            ours = next(one for one in (errors.SandboxError, errors.PortInUseError) if one.exit_code == error.exit_code)
            raise ours(error.message, next_step=error.next_step) from error


def make_app() -> typer.Typer:
    """The group of commands; raises MissingExtraError unless the sandbox is installed."""
    require("sandbox", SANDBOX_PACKAGES, purpose="The sandbox")
    import aws_org_sandbox.cli

    app = typer.Typer(
        name="sandbox", cls=_Delegating, help="A local AWS with an example organization.", no_args_is_help=True
    )
    app.command()(demo)
    app.registered_commands += aws_org_sandbox.cli.app.registered_commands
    app.registered_groups += aws_org_sandbox.cli.app.registered_groups
    return app
