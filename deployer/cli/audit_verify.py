"""`deployer audit verify`: whether repositories that deployer created still have the settings that apply to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

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
    one_of,
)
from deployer.cli.printing import print_json, print_lines
from deployer.drift.findings import FINDINGS

if TYPE_CHECKING:
    from deployer.composition.drift import Audit
    from deployer.drift.findings import Report

FINDINGS_EXIT_CODE = 2
DEFAULT_GRACE = "24h"


Grace = Annotated[
    str, typer.Option("--grace", metavar="TIME", help="How long a repository may be without an image: 90m, 24h, 7d.")
]
Repository = Annotated[
    str | None, typer.Option("--repository", metavar="GLOB", help="Only repositories whose names match.")
]


def verify(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    repository: Repository = None,
    grace: Grace = DEFAULT_GRACE,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            parser=one_of(FINDINGS),
            metavar="FINDING",
            help="Exclude drifted, untagged, gone, unrecorded, blank or unread from text and exit code; repeatable.",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--afresh", help="Start again instead of resuming an interrupted run.")
    ] = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Compare the repositories that deployer created with the settings that apply to them today.

    In every covered account and region, reports repositories that drifted (with actual and desired values), that
    lost deployer's tag, that no longer exist, that have the tag but no record, and that are blank, without an image;
    others are counted.
    Changes nothing. Running it again resumes an interrupted run. Exits 2 for findings.
    """
    from deployer.composition.drift import AuditRequest, open_audit
    from deployer.rendering.drift import finding_count, report_document, report_lines

    now = clock_of(context).now()
    grace_period = grace_of(grace)
    audit = open_audit(
        AuditRequest(
            config=config,
            profile=profile,
            ous=ou or (),
            accounts=account or (),
            regions=region or (),
            repositories=repository,
            grace=grace_period,
        ),
        now=now,
    )
    report = _resumable(audit, now=now, restart=restart)
    ignored = ignore or ()
    if as_json:
        document = report_document(report, audit.organization, now=now, grace_hours=grace_period / timedelta(hours=1))
        print_json(document)
    else:
        print_lines(report_lines(report, audit.organization, ignored=ignored))
    if finding_count(report, ignored=ignored):
        raise typer.Exit(FINDINGS_EXIT_CODE)


def grace_of(text: str) -> timedelta:
    """`24h` as a duration."""
    from deployer.times import parse_length

    try:
        return parse_length(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter("is not a length of time, such as 90m, 24h or 7d", param_hint="--grace") from error


def _resumable(audit: Audit, *, now: datetime, restart: bool) -> Report:
    """Audit all accounts, with a checkpoint that is deleted when all are done."""
    import os

    from deployer.drift.checkpoint import open_checkpoint, state_directory
    from deployer.drift.verification import verify as audit_all
    from deployer.rendering.audit_progress import progress

    path = state_directory(os.environ) / f"verify-{audit.key}.jsonl"
    with open_checkpoint(path, now=now, restart=restart) as checkpoint:
        if checkpoint.done:
            typer.echo(
                f"Resuming the run of {checkpoint.started:%H:%M} UTC: {len(checkpoint.done)} of "
                f"{len(audit.accounts)} accounts are done; --afresh starts again.",
                err=True,
            )
        problem = checkpoint.problem
        _note(problem)
        with progress() as report_progress:
            report = audit_all(
                audit.accounts, audit.auditor.audit_account, checkpoint=checkpoint, report=report_progress
            )
        if checkpoint.problem != problem:
            _note(checkpoint.problem)
        checkpoint.remove()
    return report


def _note(problem: str | None) -> None:
    if problem:
        typer.echo(f"{problem}. If this run is interrupted, the next one starts again.", err=True)
