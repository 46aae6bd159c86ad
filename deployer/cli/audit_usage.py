"""`deployer audit usage`: how much repositories hold, and which nobody pulls from."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from deployer.cli.audit_scope import DEFAULT_GRACE, Afresh, Repository, length_of, resumable
from deployer.cli.audit_verify import FINDINGS_EXIT_CODE
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
from deployer.usage.findings import USAGE_FINDINGS

_LEAST = timedelta(days=1)


def usage(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    repository: Repository = None,
    every: Annotated[
        bool, typer.Option("--all", help="Read the repositories that deployer neither created nor adopted, too.")
    ] = False,
    unused_for: Annotated[
        str, typer.Option("--unused-for", metavar="TIME", help="How long a repository may be without a pull: 30d, 12w.")
    ] = "90d",
    grace: Annotated[
        str,
        typer.Option(
            "--grace", metavar="TIME", help="How long it may be without an image, and its images without a first pull."
        ),
    ] = DEFAULT_GRACE,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            parser=one_of(USAGE_FINDINGS),
            metavar="FINDING",
            help="Exclude near-quota, unused, never-pulled, blank or unread from text and exit code; repeatable.",
        ),
    ] = None,
    restart: Afresh = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show the images, bytes, pushes and pulls of the repositories that deployer created or adopted.

    First what needs attention: repositories near a quota, not pulled for 90 days, never pulled, or without an image;
    then sums by OU and account.
    Takes one call for each 1,000 repositories of an account and region, and one for each 1,000 images of a repository.
    Changes nothing. Running it again resumes an interrupted run. Exits 2 for findings.
    """
    from deployer.composition.drift import AuditRequest, open_audit
    from deployer.rendering.usage import usage_document, usage_lines
    from deployer.usage.findings import AccountUsage, UsageReport, UsageRules

    now = clock_of(context).now()
    rules = UsageRules(now=now, unused_for=_at_least_a_day(unused_for), grace=length_of(grace, option="--grace"))
    audit = open_audit(
        AuditRequest(
            config=config,
            profile=profile,
            ous=ou or (),
            accounts=account or (),
            regions=region or (),
            repositories=[repository] if repository else [],
            grace=rules.grace,
            reads_others=every,
        ),
        now=now,
    )
    found = resumable("usage", audit, audit.usage_reader.read_account, AccountUsage.from_json, now=now, restart=restart)
    report = UsageReport(accounts=found, rules=rules)
    ignored = ignore or ()
    if as_json:
        print_json(usage_document(report, audit.organization, reads_others=every))
    else:
        print_lines(usage_lines(report, audit.organization, ignored=ignored))
    if report.finding_count(ignored=ignored):
        raise typer.Exit(FINDINGS_EXIT_CODE)


def _at_least_a_day(text: str) -> timedelta:
    """The length; AWS may record a pull only once in 24 hours, so a shorter one would judge by chance."""
    length = length_of(text, option="--unused-for")
    if length < _LEAST:
        raise typer.BadParameter(
            "is less than a day; AWS may record only one pull in 24 hours", param_hint="--unused-for"
        )
    return length
