"""`deployer plan`: what a roll-out would change in which account and region."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.files import check_folder, write_file
from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Everything,
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

if TYPE_CHECKING:
    from deployer.composition.rollout import RolloutContext
    from deployer.planning.plan import Plan

CHANGES_EXIT_CODE = 2


class Format(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"


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
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="text; json; markdown, for a comment; github, for annotations of a workflow."),
    ] = None,
    everything: Everything = False,
    as_json: Json = False,
) -> None:
    """Show what a roll-out would change, account by account and region by region; changes nothing.

    Without a scope, plans for the whole organization. If central stacks would be updated, a change set is created and
    deleted again; without permission for that, templates are compared. Exits 0 without changes, 2 with changes, 23 if
    --deep could not read some accounts, and with another code for errors.
    """
    if as_json and format_ not in {None, Format.JSON}:
        raise typer.BadParameter("is another format than --format", param_hint="--json")
    form = Format.JSON if as_json else format_ or Format.TEXT
    if out is not None:
        check_folder(out)
    if org:
        check_scope(org=org, ous=ou, accounts=account)
    from deployer.composition.assembly import assemble
    from deployer.composition.rollout import RolloutRequest
    from deployer.planning.guards import check_read

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
    _print(found, rollout_context, form, everything=everything)
    if not found.is_empty or found.blocked:
        raise typer.Exit(CHANGES_EXIT_CODE)
    check_read(found)


def _print(found: Plan, rollout_context: RolloutContext, form: Format, *, everything: bool) -> None:
    from deployer.rendering.plan import plan_lines
    from deployer.rendering.plan_json import plan_document
    from deployer.rendering.plan_markdown import plan_annotations, plan_markdown
    from deployer.rendering.waves import Course

    organization, caller = rollout_context.organization, rollout_context.caller
    course = Course(waves=rollout_context.waves, preferences=rollout_context.rollout.preferences)
    match form:
        case Format.JSON:
            print_json(plan_document(found, organization, caller=caller))
        case Format.TEXT:
            print_lines(plan_lines(found, organization, caller=caller, course=course, everything=everything))
        case Format.MARKDOWN:
            text = plan_markdown(found, organization, caller=caller, course=course, everything=everything)
            typer.echo(text, nl=False)
        case Format.GITHUB:
            for line in plan_annotations(found, organization, course=course):
                typer.echo(line)
