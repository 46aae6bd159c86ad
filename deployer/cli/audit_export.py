"""`deployer audit export`: records as a file for other tools."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import audit_filters as filters
from deployer.cli.files import check_folder, writing
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile, clock_of
from deployer.cli.printing import print_json, print_lines
from deployer.cli.range_options import Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.audit.export import State, Target
    from deployer.audit.sinks import Sink


class Format(StrEnum):
    """How a file holds records."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


STANDARD_OUTPUT = Path("-")


def export_records(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write; - for standard output.")],
    format_: Annotated[
        Format | None, typer.Option("--format", help="By default as the file name ends: .csv, .jsonl, .parquet.")
    ] = None,
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
    restart: Annotated[
        bool, typer.Option("--restart", help="Start again instead of resuming an interrupted export.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the read capacity that was used.")] = False,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Write records to a file, the oldest first: CSV, JSON Lines or Parquet.

    Records are written as they are read, whatever their number. If the export is interrupted (Ctrl-C, a lost
    connection), run the same command again to resume it. In CSV, cells that would be formulas begin with a quote.
    """
    from deployer.audit.export import Target, export, remaining
    from deployer.audit.reading import Usage
    from deployer.composition.installation import Installation
    from deployer.rendering.audit import usage_line

    _check_streams(out, as_json=as_json)
    kind = _format(out, format_)
    selected = filters.Filters(
        since=since, until=until, accounts=account, ous=ou, without_children=without_children, regions=region,
        repositories=repository, principals=principal, outcomes=outcome, reasons=reason, hows=how, actions=action,
        every_outcome=every_outcome,
    )  # fmt: skip
    read_organization = filters.organization_reader(config, organization, profile=profile)
    query = selected.query(now=clock_of(context).now(), organization=read_organization)
    usage = Usage()
    if out == STANDARD_OUTPUT:
        from deployer.audit.export import in_order
        from deployer.audit.sinks import write_stream

        records = in_order(query, Installation.open(config, profile=profile).ledger, usage=usage)
        number = write_stream(sys.stdout.buffer, records, as_csv=kind is Format.CSV)
        typer.echo(f"Wrote {number:,} records.", err=True)
    else:
        check_folder(out)
        target = Target(out)
        ledger = Installation.open(config, profile=profile).ledger
        with writing(out), target.locked():
            state = target.begin(asdict(selected) | {"format": kind.value}, query, restart=restart, overwrite=force)
            with _explaining_how_to_resume(target):
                sink = _sink(kind, target.partial, mark=state.mark)
                done = export(target, state, remaining(state, ledger, usage=usage), sink, report=_report_progress)
        _conclude(out, state, done, as_json=as_json)
        number = done.written
    if not number:
        filters.report_departed_ous(query, read_organization)
    if verbose:
        print_lines([usage_line(usage)], err=True)


def _check_streams(out: Path, *, as_json: bool) -> None:
    """Raise wrong usage for records and the summary of `--json` on the same stream."""
    if as_json and out == STANDARD_OUTPUT:
        raise typer.BadParameter(
            "standard output is for the records; --format jsonl writes them as JSON", param_hint="--json"
        )


def _format(out: Path, requested: Format | None) -> Format:
    kind = requested or next((one for one in Format if out.suffix == f".{one}"), None)
    if kind is None and out == STANDARD_OUTPUT:
        raise typer.BadParameter("standard output has no file name; pass csv or jsonl", param_hint="--format")
    if kind is None:
        raise typer.BadParameter(f"{out} does not end in .csv, .jsonl or .parquet", param_hint="--format")
    if kind is Format.PARQUET and out == STANDARD_OUTPUT:
        raise typer.BadParameter("Parquet needs a file, not standard output", param_hint="--out")
    if kind is Format.PARQUET:
        from deployer.extras import require

        require("parquet", purpose="Parquet")
    return kind


def _sink(kind: Format, partial: Path, *, mark: int) -> Sink:
    from deployer.audit.sinks import CsvSink, TextSink

    if kind is Format.PARQUET:
        from deployer.audit.parquet import ParquetSink

        return ParquetSink(partial, mark=mark)
    return (CsvSink if kind is Format.CSV else TextSink)(partial, mark=mark)


@contextmanager
def _explaining_how_to_resume(target: Target) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if target.state.exists():
            typer.echo("\nInterrupted. Records read so far are kept; run the command again to resume.", err=True)
        raise


def _report_progress(state: State) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{state.written:,} records, up to {state.position.at[:19]}", err=True, nl=False)


def _conclude(out: Path, state: State, done: State, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(out), "records": done.written, "resumed_after": state.written})
        return
    if sys.stderr.isatty():
        typer.echo("", err=True)
    resumed = f", resumed after {state.written:,}" if state.written else ""
    typer.echo(f"Wrote {done.written:,} records to {out}{resumed}.", err=True)
