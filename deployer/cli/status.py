"""`deployer status`: actual state compared with the config files."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Json,
    Ous,
    Profile,
    Regions,
    clock_of,
)
from deployer.cli.printing import print_json, print_lines

FINDINGS_EXIT_CODE = 2


def status(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also read the resources in the accounts, the central one included."),
    ] = False,
    instances: Annotated[bool, typer.Option("--instances", help="List every stack instance.")] = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show coverage by OU and region, and differences from the config files; changes nothing.

    Exits 0 if everything is in sync, 2 if something is not.
    """
    from deployer.composition.assembly import assemble
    from deployer.composition.rollout import RolloutRequest
    from deployer.rendering.status import status_document, status_lines

    rollout_context = assemble(
        RolloutRequest(
            config=config, profile=profile, ous=ou or (), accounts=account or (), regions=region or (), deep=deep
        ),
        clock=clock_of(context),
    )
    found = rollout_context.status()
    if as_json:
        print_json(status_document(found, rollout_context.organization))
    else:
        print_lines(status_lines(found, rollout_context.organization, instances=instances))
    if not found.is_in_sync:
        raise typer.Exit(FINDINGS_EXIT_CODE)
