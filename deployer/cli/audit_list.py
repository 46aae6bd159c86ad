"""`deployer audit list`: decisions, the newest first, or as they come in."""

from __future__ import annotations

import contextlib
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import audit_filters as filters
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile, clock_of
from deployer.cli.printing import print_json_lines, print_json_list, print_lines
from deployer.cli.range_options import Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.audit.query import Query
    from deployer.audit.reading import Ledger
    from deployer.clock import Clock
    from handler.records import Record


def list_records(
    context: typer.Context,
    since: filters.Since = filters.DEFAULT_SINCE,
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
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="At most this many; 100 by default, 10 with --follow."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new records until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.1, help="How often --follow reads.")
    ] = 2.0,
    wide: Annotated[bool, typer.Option("--wide", help="Also show account ids, OUs and principals.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the read capacity that was used.")] = False,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="Print one JSON object per line.")] = False,
) -> None:
    """List decisions, the newest first: repositories created, pushes refused and why, failures.

    Omits and counts the most frequent records: further layers of the same push (exists) and calls that request
    nothing (ignored).

    $ deployer audit list --since 24h --ou Workloads/Prod --outcome refused
    $ deployer audit list --repository "team-a/**" --json
    """
    from deployer.composition.installation import Installation

    if follow and until:
        raise typer.BadParameter("cannot be combined with --follow", param_hint="--until")
    clock = clock_of(context)
    selected = filters.Filters(
        since=since, until=until, accounts=account, ous=ou, without_children=without_children, regions=region,
        repositories=repository, principals=principal, outcomes=outcome, reasons=reason, hows=how, actions=action,
        every_outcome=every_outcome,
    )  # fmt: skip
    read_organization = filters.organization_reader(config, organization, profile=profile)
    query = selected.query(now=clock.now(), organization=read_organization)
    ledger = Installation.open(config, profile=profile).ledger
    listing = _Listing(query, ledger, limit=limit or (10 if follow else 100))
    if follow:
        _follow(listing, clock=clock, every=every, as_json=as_json or json_lines, wide=wide)
    elif json_lines:
        print_json_lines(listing.documents())
    elif as_json:
        print_json_list(listing.documents())
    else:
        _print_table(listing, wide=wide, count_omitted_records=not selected.selects_outcomes)
    if not listing.count:
        filters.report_departed_ous(query, read_organization)
    if verbose:
        from deployer.rendering.audit import usage_line

        print_lines([usage_line(listing.usage)], err=True)


class _Listing:
    """The newest records that match, counted on their way to the reader."""

    def __init__(self, query: Query, ledger: Ledger, *, limit: int) -> None:
        from deployer.audit.reading import Usage

        self.query = query
        self.ledger = ledger
        self.limit = limit
        self.usage = Usage()
        self.count = 0
        self.last: Record | None = None

    def __iter__(self) -> Iterator[Record]:
        from deployer.audit.reading import read

        records = read(self.query, self.ledger, usage=self.usage, page_size=min(max(self.limit, 50), 1000))
        for record in islice(records, self.limit):
            self.count += 1
            self.last = record
            yield record

    def documents(self) -> Iterator[object]:
        """The records for programs."""
        from deployer.audit.documents import document

        return (document(record) for record in self)

    @property
    def is_cut(self) -> bool:
        """Whether there may be more."""
        return self.count == self.limit


def _print_table(listing: _Listing, *, wide: bool, count_omitted_records: bool) -> None:
    from deployer.audit.reading import count_omitted
    from deployer.rendering.audit import omitted_lines, record_lines

    print_lines(record_lines(listing, wide=wide))
    if listing.is_cut:
        typer.echo(f"The newest {listing.limit}; --limit and --since show more.", err=True)
    if count_omitted_records:
        oldest = listing.last if listing.is_cut else None
        omitted = count_omitted(listing.query, listing.ledger, oldest_shown=oldest, usage=listing.usage)
        print_lines(omitted_lines(omitted), err=True)


def _follow(listing: _Listing, *, clock: Clock, every: float, as_json: bool, wide: bool) -> None:
    """Existing records, the newest last, then new ones until Ctrl-C."""
    from deployer.audit.documents import document
    from deployer.audit.following import follow
    from deployer.rendering.audit import followed_lines

    records = follow(listing.query, listing.ledger, listing, moments=_moments(clock, every), usage=listing.usage)
    with contextlib.suppress(KeyboardInterrupt):
        for record in records:
            if as_json:
                print_json_lines([document(record)])
            else:
                print_lines(followed_lines(record, wide=wide))


def _moments(clock: Clock, every: float) -> Iterator[datetime]:
    while True:
        yield clock.now()
        clock.sleep(every)
