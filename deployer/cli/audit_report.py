"""`deployer audit report`: the ledger as one page to hand on."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from deployer.cli import audit_filters as filters
from deployer.cli.files import check_folder, writing
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile, clock_of
from deployer.cli.printing import print_json, print_lines

if TYPE_CHECKING:
    from deployer.audit.query import Query
    from deployer.clock import Clock
    from deployer.reporting.aggregation import Aggregates
    from deployer.reporting.coverage import Coverage
    from deployer.reporting.page import Subject
    from handler.records import Record

T = TypeVar("T")

_TELL_EVERY = 5_000


def report(
    context: typer.Context,
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="HTML file to write.")],
    since: filters.Since = "30d",
    until: filters.Until = None,
    account: filters.Accounts = None,
    ou: filters.Ous = None,
    without_children: filters.WithoutChildren = False,
    region: filters.Regions = None,
    repository: filters.Repositories = None,
    principal: filters.Principals = None,
    outcome: filters.Outcomes = None,
    reason: filters.Reasons = None,
    every_outcome: filters.All = False,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=0, help="At most this many rows in the table, the newest.")
    ] = 50_000,
    verify: Annotated[
        Path | None, typer.Option("--verify", metavar="FILE", help="What `audit verify --json` printed, to include.")
    ] = None,
    status: Annotated[
        Path | None,
        typer.Option("--status", metavar="FILE", help="What `status --json` printed, instead of asking AWS."),
    ] = None,
    no_coverage: Annotated[bool, typer.Option("--no-coverage", help="Leave out the section on coverage.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say what reading took.")] = False,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Write one page about what was created and refused, by whom and why, and what wants attention.

    The page needs nothing from elsewhere: mail it, print it, open it without a network.
    """
    _check_target(html, force=force)
    from deployer.audit.reading import Usage, read
    from deployer.composition.installation import Installation
    from deployer.rendering.audit import usage_line

    _require_report()
    from deployer.reporting.aggregation import aggregate
    from deployer.reporting.page import Subject, write_page
    from deployer.reporting.verification import verification_from

    wanted = filters.Filters(
        since=since, until=until, accounts=account, ous=ou, without_children=without_children, regions=region,
        repositories=repository, principals=principal, outcomes=outcome, reasons=reason, every_outcome=every_outcome,
    )  # fmt: skip
    clock = clock_of(context)
    now = clock.now()
    read_organization = filters.organization_reader(config, organization, profile=profile)
    query = wanted.query(now=now, organization=read_organization)
    verification = _read(verify, verification_from, "deployer audit verify --json") if verify else None
    coverage, why_not = _coverage(config, status, organization, profile=profile, clock=clock, wanted=not no_coverage)
    installation, usage = Installation.open(config, profile=profile), Usage()
    records = _told(read(query, installation.ledger, usage=usage))
    found = aggregate(records, since=query.since, until=query.until, rows=rows, knows_created=_knows_created(query))
    subject = Subject(
        made_at=now,
        command=shlex.join(["deployer", *sys.argv[1:]]),
        ledger=f"the ledger in account {installation.config.central_account}, {installation.config.home_region}",
        filters=tuple(_said(wanted)),
        organization_id=installation.config.organization_id or "",
        coverage=coverage,
        no_coverage=why_not,
        verification=verification,
    )
    size = write(html, write_page(found, subject))
    if not found.count:
        filters.tell_departed_ous(query, read_organization)
    _conclude(html, size, found, subject, as_json=as_json)
    if verbose:
        print_lines([usage_line(usage)], err=True)


def _require_report() -> None:
    """Raise MissingExtraError unless the packages that make the page are installed."""
    from deployer.extras import require

    require("report", ["jinja2", "pygal"], purpose="A report")


def _check_target(file: Path, *, force: bool) -> None:
    from deployer.errors import FilesExistError

    check_folder(file)
    if file.exists() and not force:
        raise FilesExistError(f"{file} is there already", next_step="--force writes it anew.")


def _coverage(
    config: Path, status: Path | None, snapshot: Path | None, *, profile: str | None, clock: Clock, wanted: bool
) -> tuple[Coverage | None, str]:
    """What the roll-out covers; a report without it, and why, is better than none."""
    from deployer.cli.sources import read_snapshot
    from deployer.errors import DeployerError
    from deployer.reporting.coverage import coverage_from, coverage_of

    if not wanted:
        return None, "it was left out by --no-coverage"
    if status is not None:
        known = read_snapshot(snapshot) if snapshot else None
        return _read(status, lambda document: coverage_from(document, known), "deployer status --json"), ""
    from deployer.composition.rollout import RolloutRequest, assemble

    try:
        rollout_context = assemble(RolloutRequest(config=config, profile=profile), clock=clock)
        return coverage_of(rollout_context.status(), rollout_context.organization), ""
    except DeployerError as error:
        typer.echo(f"The report says nothing of coverage: {error.message}", err=True)
        return None, error.message


def _read(file: Path, parse: Callable[[Any], T], source: str) -> T:
    """A file that another command printed; whatever else it is, it is named."""
    from deployer.errors import ConfigurationError, NotFoundError

    try:
        return parse(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise NotFoundError(f"{file} cannot be read: {error.strerror}", next_step=f"`{source}` prints it.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file} is not what `{source}` prints", next_step="Print it anew.") from error


def _knows_created(query: Query) -> bool:
    """Whether the records of repositories that were created are among those asked for."""
    from handler.reasons import CREATED, FINISHED

    return "created" in query.outcomes and (not query.reasons or {CREATED, FINISHED} <= set(query.reasons))


def _told(records: Iterator[Record]) -> Iterator[Record]:
    """Records, and on a terminal how many they are by now."""
    number = 0
    for number, record in enumerate(records, start=1):
        if number % _TELL_EVERY == 0 and sys.stderr.isatty():
            typer.echo(f"\r{number:,} records", err=True, nl=False)
        yield record
    if number >= _TELL_EVERY and sys.stderr.isatty():
        typer.echo("", err=True)


def _said(wanted: filters.Filters) -> Iterator[tuple[str, str]]:
    """Filters in use, as people call them."""
    for name, values in (
        ("Accounts", wanted.accounts),
        ("OUs" + (", without children" if wanted.without_children else ""), wanted.ous),
        ("Regions", wanted.regions),
        ("Repositories", wanted.repositories),
        ("Principals", wanted.principals),
        ("Outcomes", wanted.outcomes),
        ("Reasons", wanted.reasons),
    ):
        if values:
            yield name, ", ".join(values)


def write(file: Path, parts: Iterator[str]) -> int:
    """Write beside the file and move, so that nobody ever sees half a page; gives its size."""
    partial = file.with_name(f".{file.name}.partial")
    with writing(file):
        try:
            with partial.open("w", encoding="utf-8", newline="\n") as out:
                out.writelines(parts)
            size = partial.stat().st_size
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
    return size


def _conclude(file: Path, size: int, found: Aggregates, subject: Subject, *, as_json: bool) -> None:
    from deployer.rendering.report import summary_document, summary_lines

    if as_json:
        print_json({"file": str(file), "bytes": size, **summary_document(found, subject)})
    else:
        print_lines(summary_lines(str(file), size, found, subject))
