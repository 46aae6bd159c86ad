"""Options that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from deployer.clock import Clock

ConfigDirectory = Annotated[
    Path, typer.Option("--config", metavar="DIR", help="Folder that holds the config files.", show_default=True)
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="AWS profile; without it, the usual credential chain.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Everything = Annotated[bool, typer.Option("--all", help="List everything that the plan else counts.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
OrganizationFile = Annotated[
    Path | None,
    typer.Option("--organization", metavar="FILE", help="Snapshot of the organization to use instead of AWS."),
]

DEFAULT_CONFIG_DIRECTORY = Path("config")

Org = Annotated[bool, typer.Option("--org", help="The whole organization.")]
Ous = Annotated[
    list[str] | None,
    typer.Option("--ou", metavar="PATH|ID", help="An OU and everything below it; repeatable."),
]
Accounts = Annotated[list[str] | None, typer.Option("--account", metavar="ID|NAME", help="One account; repeatable.")]
Regions = Annotated[list[str] | None, typer.Option("--region", metavar="REGION", help="Only this region; repeatable.")]


def one_of(choices: Iterable[str]) -> Callable[[str], str]:
    """The parser of an option that takes one of these values, whatever their case; typer has none for lists of them."""
    values = {value.lower(): value for value in choices}

    def parse(text: str) -> str:
        value = values.get(text.lower())
        if value is None:
            from deployer.settings.messages import nearest

            near = nearest(text, [*values.values()])
            hint = f"; did you mean {near}?" if near else "."
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, values.values()))}{hint}")
        return value

    return parse


class MissingScopeError(typer.BadParameter):
    """No option has the scope: there is no value that is invalid, and `--org` is not the only choice."""

    def format_message(self) -> str:
        return self.message


def check_scope(*, org: bool, ous: list[str] | None, accounts: list[str] | None) -> None:
    """Raise wrong usage unless the scope is exactly one of: the whole organization, or parts of it."""
    parts = bool(ous or accounts)
    if org and parts:
        raise typer.BadParameter(
            "means the whole organization; use either --org, or --ou and --account", param_hint="--org"
        )
    if not org and not parts:
        raise MissingScopeError(
            "Pass the scope: --org for the whole organization, --ou PATH or --account ID for a part of it"
        )


def clock_of(context: typer.Context) -> Clock:
    """The clock that `deployer.cli.main.run` was given."""
    clock: Clock = context.obj
    return clock
