"""`deployer plan`: what a roll-out would change in which account and region."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.files import check_folder, write_file
from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Json,
    Org,
    Ous,
    Profile,
    Regions,
    check_scope,
    clock_of,
)
from deployer.cli.printing import print_json, print_lines
from deployer.cli.rollout_options import Deep

CHANGES_EXIT_CODE = 2


def plan(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    org: Org = False,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    deep: Deep = False,
    profile: Profile = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Also write the plan to a file, for `deployer rollout --plan`."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a roll-out would change, account by account and region by region; changes nothing.

    Without a scope, plans for the whole organization. If central stacks would be updated, a change set is created and
    deleted again; without permission for that, templates are compared. Exits 0 without changes, 2 with changes, and
    with another code for errors.
    """
    if out is not None:
        check_folder(out)
    if org:
        check_scope(org=org, ous=ou, accounts=account)
    from deployer.composition.rollout import RolloutRequest, assemble
    from deployer.rendering.plan import plan_lines
    from deployer.rendering.plan_json import plan_document
    from deployer.rendering.waves import course_lines

    rollout_context = assemble(
        RolloutRequest(
            config=config, profile=profile, ous=ou or (), accounts=account or (), regions=region or (), deep=deep
        ),
        clock=clock_of(context),
    )
    comparison = rollout_context.compare()
    found = comparison.plan
    if out is not None:
        write_file(out, [rollout_context.plan_file(comparison).to_json().encode()])
        typer.echo(f"Wrote {out}: `deployer rollout --plan {shlex.quote(str(out))}` carries it out.", err=True)
    if as_json:
        print_json(plan_document(found, rollout_context.organization, caller=rollout_context.caller))
    else:
        print_lines(plan_lines(found, rollout_context.organization, caller=rollout_context.caller))
        print_lines(course_lines(found, rollout_context.waves, rollout_context.rollout.preferences))
    if not found.is_empty:
        raise typer.Exit(CHANGES_EXIT_CODE)
