"""Options that say which part of the organization a command is for."""

from __future__ import annotations

from typing import Annotated

import typer

Org = Annotated[bool, typer.Option("--org", help="The whole organization.")]
Ous = Annotated[
    list[str] | None,
    typer.Option("--ou", metavar="PATH|ID", help="An OU and everything below it; repeatable."),
]
Accounts = Annotated[list[str] | None, typer.Option("--account", metavar="ID|NAME", help="One account; repeatable.")]
Regions = Annotated[list[str] | None, typer.Option("--region", metavar="REGION", help="Only this region; repeatable.")]


def check_scope(*, org: bool, ous: list[str] | None, accounts: list[str] | None) -> None:
    """Raise wrong usage unless exactly one of the whole organization and parts of it is meant."""
    parts = bool(ous or accounts)
    if org and parts:
        raise typer.BadParameter(
            "means the whole organization; use either --org, or --ou and --account", param_hint="--org"
        )
    if not org and not parts:
        raise typer.BadParameter("choose a scope: --org, --ou PATH or --account ID", param_hint="--org")
