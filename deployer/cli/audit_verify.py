"""`deployer audit verify`: whether repositories that deployer created still have the settings that apply to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from deployer.cli.audit_scope import DEFAULT_GRACE, Afresh, Grace, Repository, length_of, resumable
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

FINDINGS_EXIT_CODE = 2


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
    restart: Afresh = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Compare the repositories that deployer created or adopted with the settings that apply to them today.

    In every covered account and region, reports repositories that drifted (with actual and desired values), that
    lost deployer's tag, that no longer exist, that have the tag but no record, and that are blank, without an image;
    others are counted.
    Changes nothing. Running it again resumes an interrupted run. Exits 2 for findings.
    """
    from deployer.composition.drift import AuditRequest, open_audit
    from deployer.drift.findings import AccountReport, Report
    from deployer.rendering.drift import finding_count, report_document, report_lines

    now = clock_of(context).now()
    grace_period = length_of(grace, option="--grace")
    audit = open_audit(
        AuditRequest(
            config=config,
            profile=profile,
            ous=ou or (),
            accounts=account or (),
            regions=region or (),
            repositories=[repository] if repository else [],
            grace=grace_period,
        ),
        now=now,
    )
    found = resumable("verify", audit, audit.auditor.audit_account, AccountReport.from_json, now=now, restart=restart)
    report = Report(accounts=found)
    ignored = ignore or ()
    if as_json:
        document = report_document(report, audit.organization, now=now, grace_hours=grace_period / timedelta(hours=1))
        print_json(document)
    else:
        print_lines(report_lines(report, audit.organization, ignored=ignored))
    if finding_count(report, ignored=ignored):
        raise typer.Exit(FINDINGS_EXIT_CODE)
