"""`deployer audit`: the ledger, read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, Profile
from deployer.cli.printing import print_json, print_lines

if TYPE_CHECKING:
    from handler.reasons import Outcome


class OutcomeName(StrEnum):
    """What came of an event."""

    CREATED = "created"
    EXISTS = "exists"
    REFUSED = "refused"
    IGNORED = "ignored"
    FAILED = "failed"


DAYS = 7

app = typer.Typer(name="audit", help="Read the ledger.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Read the ledger: who pushed what, where, when, and what came of it."""


@app.command("list")
def list_records(
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="First day, UTC; a week ago without it.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last day, UTC; today without it.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ID", help="Only this one; repeatable.")
    ] = None,
    repository: Annotated[str | None, typer.Option("--repository", metavar="NAME", help="Only this name.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only this one; repeatable.")] = None,
    outcome: Annotated[list[OutcomeName] | None, typer.Option("--outcome", help="Only this one; repeatable.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many records.")] = 100,
    wide: Annotated[bool, typer.Option("--wide", help="Show account ids, OUs and principals too.")] = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List decisions, the newest first: repositories created, pushes refused and why, failures."""
    from deployer.audit import Question, find_records
    from deployer.composition import open_ledger
    from deployer.rendering_audit import record_documents, record_lines

    last = (until or datetime.now(UTC)).date()
    first = since.date() if since else last - timedelta(days=DAYS)
    question = Question(
        since=first,
        until=last,
        accounts=tuple(account or ()),
        repository=repository,
        regions=tuple(region or ()),
        outcomes=cast("tuple[Outcome, ...]", tuple(one.value for one in outcome or ())),
        limit=limit,
    )
    records = find_records(question, open_ledger(config, profile=profile))
    if as_json:
        print_json(record_documents(records))
    else:
        print_lines(record_lines(records, wide=wide))
        if len(records) == limit:
            typer.echo(f"The newest {limit}; --limit and --since say how far back.", err=True)
