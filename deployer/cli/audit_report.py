"""`deployer audit report`: the ledger as one HTML page."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from deployer.cli import audit_filters as filters
from deployer.cli.files import check_folder, write_file
from deployer.cli.input_files import read_text
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile, clock_of
from deployer.cli.printing import print_json, print_lines
from deployer.cli.range_options import Until
from handler.json_values import JsonValue

if TYPE_CHECKING:
    from deployer.audit.query import Query
    from deployer.clock import Clock
    from deployer.reporting.aggregation import Aggregates
    from deployer.reporting.coverage import Coverage
    from deployer.reporting.page import Subject
    from handler.records import Record

T = TypeVar("T")

_REPORT_EVERY = 5_000


def report(
    context: typer.Context,
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="HTML file to write.")],
    since: filters.Since = "30d",
    until: Until = None,
    account: filters.Accounts = None,
    ou: filters.Ous = None,
    without_children: filters.WithoutChildren = False,
    region: filters.Regions = None,
    repository: filters.Repositories = None,
    principal: filters.Principals = None,
    outcome: filters.Outcomes = None,
    reason: filters.Reasons = None,
    how: filters.Hows = None,
    action: filters.Actions = None,
    every_outcome: filters.All = False,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=0, help="At most this many rows in the table, the newest.")
    ] = 50_000,
    verify: Annotated[
        Path | None, typer.Option("--verify", metavar="FILE", help="Output of `audit verify --json` to include.")
    ] = None,
    usage: Annotated[
        Path | None, typer.Option("--usage", metavar="FILE", help="Output of `audit usage --json` to include.")
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option("--status", metavar="FILE", help="Output of `status --json`, instead of reading AWS."),
    ] = None,
    no_coverage: Annotated[bool, typer.Option("--no-coverage", help="Omit the section on coverage.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the read capacity that was used.")] = False,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Write one page about what was created and refused, by whom and why, and what needs attention.

    The page is self-contained: mail it, print it, or open it without a network.
    """
    _check_target(html, force=force)
    from deployer.audit.reading import Usage, read
    from deployer.composition.installation import Installation
    from deployer.rendering.audit import usage_line

    _require_report()
    from deployer.reporting.aggregation import aggregate
    from deployer.reporting.page import Subject, write_page
    from deployer.reporting.usage import usage_from
    from deployer.reporting.verification import verification_from

    selected = filters.Filters(
        since=since, until=until, accounts=account, ous=ou, without_children=without_children, regions=region,
        repositories=repository, principals=principal, outcomes=outcome, reasons=reason, hows=how, actions=action,
        every_outcome=every_outcome,
    )  # fmt: skip
    clock = clock_of(context)
    now = clock.now()
    read_organization = filters.organization_reader(config, organization, profile=profile)
    query = selected.query(now=now, organization=read_organization)
    verification = _read(verify, verification_from, "audit verify --json", "--verify") if verify else None
    held = _read(usage, usage_from, "audit usage --json", "--usage") if usage else None
    coverage, why_not = _coverage(config, status, organization, profile=profile, clock=clock, omit=no_coverage)
    installation, capacity = Installation.open(config, profile=profile), Usage()
    records = _with_progress(read(query, installation.ledger, usage=capacity))
    found = aggregate(records, since=query.since, until=query.until, rows=rows, knows_created=_knows_created(query))
    subject = Subject(
        made_at=now,
        command=shlex.join(["deployer", *sys.argv[1:]]),
        ledger=f"the ledger in account {installation.config.central_account}, {installation.config.home_region}",
        filters=tuple(_filters_in_use(selected)),
        organization_id=installation.config.organization_id or "",
        coverage=coverage,
        no_coverage=why_not,
        verification=verification,
        usage=held,
    )
    size = write(html, write_page(found, subject))
    if not found.count:
        filters.report_departed_ous(query, read_organization)
    _conclude(html, size, found, subject, as_json=as_json)
    if verbose:
        print_lines([usage_line(capacity)], err=True)


def _require_report() -> None:
    """Raise MissingExtraError unless the packages that make the page are installed."""
    from deployer.extras import require

    require("report", purpose="A report")


def _check_target(file: Path, *, force: bool) -> None:
    from deployer.errors import FilesExistError

    check_folder(file)
    if file.exists() and not force:
        raise FilesExistError(f"{file} already exists", next_step="--force overwrites it.")


def _coverage(
    config: Path, status: Path | None, snapshot: Path | None, *, profile: str | None, clock: Clock, omit: bool
) -> tuple[Coverage | None, str]:
    """What the roll-out covers, or why that is unknown; the report is written in both cases."""
    from deployer.cli.sources import read_snapshot
    from deployer.errors import DeployerError
    from deployer.reporting.coverage import coverage_from, coverage_of

    if omit:
        return None, "it was omitted by --no-coverage"
    if status is not None:
        known = read_snapshot(snapshot) if snapshot else None
        return _read(status, lambda document: coverage_from(document, known), "status --json", "--status"), ""
    from deployer.composition.assembly import assemble
    from deployer.composition.rollout import RolloutRequest

    try:
        rollout_context = assemble(RolloutRequest(config=config, profile=profile), clock=clock)
        return coverage_of(rollout_context.status(), rollout_context.organization), ""
    except DeployerError as error:
        typer.echo(f"The report omits coverage: {error.message}", err=True)
        return None, error.message


def _read(file: Path, parse: Callable[[JsonValue], T], command: str, option: str) -> T:
    """Output of another command; raises an error that names the file."""
    from deployer.errors import ConfigurationError
    from deployer.reporting.documents import DocumentError, read_document

    text = read_text(file, argument=option, next_step=f"`deployer {command}` prints it.")
    try:
        return read_document(text, parse)
    except DocumentError as error:
        raise ConfigurationError(
            f"{file} is not output of `deployer {command}`", next_step="Write it again."
        ) from error


def _knows_created(query: Query) -> bool:
    """Whether the records of repositories that were created are among those asked for."""
    from handler.reasons import CREATED, FINISHED

    return "created" in query.outcomes and (not query.reasons or {CREATED, FINISHED} <= set(query.reasons))


def _with_progress(records: Iterator[Record]) -> Iterator[Record]:
    """Records, with their number printed on a terminal as they are read."""
    number = 0
    for number, record in enumerate(records, start=1):
        if number % _REPORT_EVERY == 0 and sys.stderr.isatty():
            typer.echo(f"\r{number:,} records", err=True, nl=False)
        yield record
    if number >= _REPORT_EVERY and sys.stderr.isatty():
        typer.echo("", err=True)


def _filters_in_use(selected: filters.Filters) -> Iterator[tuple[str, str]]:
    """Filters in use, with their names for people."""
    for name, values in (
        ("Accounts", selected.accounts),
        ("OUs" + (", without children" if selected.without_children else ""), selected.ous),
        ("Regions", selected.regions),
        ("Repositories", selected.repositories),
        ("Principals", selected.principals),
        ("Outcomes", selected.outcomes),
        ("Reasons", selected.reasons),
        ("Ways", selected.hows),
        ("Actions", selected.actions),
    ):
        if values:
            yield name, ", ".join(values)


def write(file: Path, parts: Iterator[str]) -> int:
    """Write beside the file and move, so that no reader sees an incomplete page; returns its size."""
    return write_file(file, (part.encode() for part in parts))


def _conclude(file: Path, size: int, found: Aggregates, subject: Subject, *, as_json: bool) -> None:
    from deployer.rendering.report import summary_document, summary_lines

    if as_json:
        print_json({"file": str(file), "bytes": size, **summary_document(found, subject)})
    else:
        print_lines(summary_lines(str(file), size, found, subject))
