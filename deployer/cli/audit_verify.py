"""`deployer audit verify`: whether repositories that deployer created still look as their settings ask today."""

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
            help="Leave out drifted, gone, unrecorded, blank or unread, of text and exit code; repeatable.",
        ),
    ] = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Begin anew, instead of going on with a run that was cut off.")
    ] = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Compare the repositories that deployer created with the settings that hold for them today.

    In every covered account and region: drifted ones (what, from what to what), ones that are gone, ones that carry
    our tag but have no record, blank ones without an image; those of others are counted. Changes nothing. One that
    was cut off goes on where it was. Exits 2 if there is anything to look at.
    """
    from deployer.composition.drift import AuditRequest, open_audit
    from deployer.rendering.drift import finding_count, report_document, report_lines

    now = clock_of(context).now()
    patience = grace_of(grace)
    audit = open_audit(
        AuditRequest(
            config=config,
            profile=profile,
            ous=ou or (),
            accounts=account or (),
            regions=region or (),
            repositories=repository,
            grace=patience,
        ),
        now=now,
    )
    report = _resumable(audit, now=now, afresh=afresh)
    ignored = ignore or ()
    if as_json:
        document = report_document(report, audit.organization, now=now, grace_hours=patience / timedelta(hours=1))
        print_json(document)
    else:
        print_lines(report_lines(report, audit.organization, ignored=ignored))
    if finding_count(report, ignored=ignored):
        raise typer.Exit(FINDINGS_EXIT_CODE)


def grace_of(text: str) -> timedelta:
    """`24h` as a length of time."""
    from deployer.times import parse_length

    try:
        return parse_length(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter("say it as 90m, 24h or 7d", param_hint="--grace") from error


def _resumable(audit: Audit, *, now: datetime, afresh: bool) -> Report:
    """Look through all accounts; what is done is kept until all of it is."""
    import os

    from deployer.drift.checkpoint import open_checkpoint, state_directory
    from deployer.drift.verification import verify as look_through_all
    from deployer.rendering.looking import progress

    path = state_directory(os.environ) / f"verify-{audit.key}.jsonl"
    with open_checkpoint(path, now=now, afresh=afresh) as checkpoint:
        if checkpoint.done:
            typer.echo(
                f"Going on with what began at {checkpoint.began:%H:%M} UTC: {len(checkpoint.done)} of "
                f"{len(audit.accounts)} accounts are done; --afresh begins anew.",
                err=True,
            )
        with progress() as tell:
            report = look_through_all(audit.accounts, audit.looker.look_through, checkpoint=checkpoint, report=tell)
        checkpoint.remove()
    return report
