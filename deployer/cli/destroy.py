"""`deployer destroy`: removes everything except the ledger and the repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import rollout_options as options
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, Profile, Yes, clock_of
from deployer.cli.printing import confirm, json_text, print_json, print_lines

if TYPE_CHECKING:
    from deployer.clock import Clock
    from deployer.composition.rollout import RolloutContext
    from deployer.organization import Organization
    from deployer.rollout.result import RolloutResult


def destroy(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    yes: Yes = False,
    delete_ledger: Annotated[
        bool, typer.Option("--delete-ledger", help="Also delete the ledger, permanently.")
    ] = False,
    break_lock: options.BreakLock = False,
    profile: Profile = None,
    log_format: options.Log = options.LogFormat.TEXT,
    as_json: Json = False,
) -> None:
    """Remove StackSets, stacks and artifacts from the whole organization, in reverse order of the roll-out.

    Shows what will be removed and asks. The ledger stays unless --delete-ledger is passed. Repositories and
    their images stay: only `deployer audit repair --delete-blank` deletes repositories, and only blank ones.
    If it is interrupted, run it again to resume.
    """
    from deployer.cli.progress import json_errors
    from deployer.composition.assembly import assemble
    from deployer.composition.rollout import RolloutRequest

    clock = clock_of(context)
    with json_errors(log_format, clock=clock):
        rollout_context = assemble(RolloutRequest(config=config, profile=profile, takes_lock=True), clock=clock)
        if not break_lock:
            rollout_context.lock.check()
        code = _destroy(
            rollout_context, clock=clock, yes=yes, delete_ledger=delete_ledger, log_format=log_format, as_json=as_json
        )
    if code:
        raise typer.Exit(code)


def _destroy(
    rollout_context: RolloutContext,
    *,
    clock: Clock,
    yes: bool,
    delete_ledger: bool,
    log_format: options.LogFormat,
    as_json: bool,
) -> int:
    from deployer.cli.progress import followed
    from deployer.rendering.removal import removal_document, removal_lines, removal_outcome_lines
    from deployer.rollout.result import RolloutResult

    organization = rollout_context.organization
    found = rollout_context.removal(delete_ledger=delete_ledger)
    if not (as_json and log_format is options.LogFormat.JSON):  # then neither stream is for text
        print_lines(removal_lines(found, organization, caller=rollout_context.caller), err=as_json)
    if found.is_empty:
        _print_end(RolloutResult(), organization, log_format=log_format, clock=clock)
        if as_json:
            print_json(removal_document(found, None, organization))
        return 0
    confirm("Remove all of this?", yes=yes)
    with followed(organization, clock=clock, log_format=log_format, command=lambda: "deployer destroy") as report:
        outcome = rollout_context.destroy(found, report)
    _print_end(outcome, organization, log_format=log_format, clock=clock)
    if as_json:
        print_json(removal_document(found, outcome, organization))
    else:
        print_lines(removal_outcome_lines(outcome, organization))
    return outcome.exit_code


def _print_end(
    outcome: RolloutResult, organization: Organization, *, log_format: options.LogFormat, clock: Clock
) -> None:
    """The last of the JSON lines, if messages are JSON."""
    from deployer.rendering.events_json import removal_ended_document

    if log_format is options.LogFormat.JSON:
        typer.echo(json_text(removal_ended_document(outcome, organization, at=clock.now())), err=True)
