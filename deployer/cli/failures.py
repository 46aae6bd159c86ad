"""`deployer failures`: lists and redrives events that could not be handled or delivered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import failures_replay
from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Json,
    Ous,
    Profile,
    Regions,
    Yes,
    clock_of,
)
from deployer.cli.printing import confirm, print_json, print_lines
from deployer.cli.range_options import Until, bounds_of, check_regions

if TYPE_CHECKING:
    from datetime import datetime

    from deployer.composition.failures import Operation
    from deployer.errors import DeployerError
    from deployer.failures.messages import Selection
    from deployer.failures.redriving import ReceivedFailures

LIMIT = 1000

app = typer.Typer(
    name="failures", help="List, inspect and retry events that could not be handled.", no_args_is_help=True
)

Repository = Annotated[
    str | None, typer.Option("--repository", metavar="GLOB", help="Only repositories whose names match.")
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="GLOB", help="Only reasons that match.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Start: 36h (ago), a date, or a time in UTC.")
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most this many.")]


@app.callback()
def failures() -> None:
    """Events that could not be handled, in the failures queue, or delivered, in the queues of member accounts.

    Needs sts:AssumeRole on the operator role of the central account (`deployer docs permissions`), nothing else.
    """


@app.command("list")
def list_failures(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    repository: Repository = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = LIMIT,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """List failures of all queues with their reasons, and what to do about each.

    Messages are hidden from other readers while they are read, and become visible again at the end.
    """
    from deployer.composition.failures import open_failures
    from deployer.rendering.failures import received_document, received_lines

    check_regions(region or ())
    start, end = bounds_of(since, until, now=clock_of(context).now())
    operation = open_failures(config, profile=profile)
    selection = _selection(
        operation,
        ous=ou,
        accounts=account,
        regions=region,
        repository=repository,
        reason=reason,
        since=start,
        until=end,
    )
    with _received_failures(operation, selection, limit=limit) as found:
        pass
    if as_json:
        print_json(received_document(found, operation.organization))
    else:
        print_lines(received_lines(found, operation.organization))
    _check_complete(operation, found)


@app.command("show")
def show(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Id of a message or event, or its beginning.")],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show all details of a failure; with --json, also the event and the message."""
    from deployer.composition.failures import open_failures
    from deployer.rendering.failures import failure_document, failure_lines

    operation = open_failures(config, profile=profile)
    selection = _selection(operation, ids=tuple(ids))
    with _received_failures(operation, selection, limit=LIMIT) as found:
        pass
    if as_json:
        print_json(
            [
                {
                    **failure_document(failure, operation.organization),
                    "event": failure.event,
                    "message": {"body": failure.message.body, "attributes": dict(failure.message.attributes)},
                }
                for failure in found.failures
            ]
        )
    else:
        for failure in found.failures:
            print_lines(failure_lines(failure, operation.organization))
    _check_complete(operation, found)


@app.command("redrive")
def redrive(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Only these; by default, all that the options select."),
    ] = None,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    repository: Repository = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = LIMIT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent to the handler.")] = False,
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Send failed events to the handler again, and delete their messages once Lambda has accepted them.

    Safe to repeat and to interrupt: the handler does nothing twice, and a message is deleted only after its event was
    accepted.
    """
    from deployer.composition.failures import open_failures
    from deployer.failures.redriving import redrive as put_back
    from deployer.rendering.failures import (
        received_document,
        received_lines,
        redrive_document,
        redrive_result_lines,
        redrive_summary_lines,
    )

    check_regions(region or ())
    start, end = bounds_of(since, until, now=clock_of(context).now())
    operation = open_failures(config, profile=profile)
    selection = _selection(
        operation,
        ous=ou,
        accounts=account,
        regions=region,
        repository=repository,
        reason=reason,
        since=start,
        until=end,
        ids=tuple(ids or ()),
    )
    organization = operation.organization
    with _received_failures(operation, selection, limit=limit) as found:
        if dry_run or not found.failures:
            done = None
        else:
            print_lines(received_lines(found, organization), err=True)
            confirm("Send these to the handler again?", yes=yes)
            done = put_back(
                operation.queues,
                operation.function,
                found.failures,
                report=lambda one: print_lines(redrive_result_lines(one, organization), err=True),
            )
    if as_json:
        print_json(
            received_document(found, organization) if done is None else redrive_document(done, found, organization)
        )
    else:
        print_lines(received_lines(found, organization) if done is None else redrive_summary_lines(done))
    stuck = [one for one in done or () if one.status not in {"put back", "taken by another"}]
    _check_complete(operation, found, stuck=len(stuck))


app.command("replay")(failures_replay.replay)


@contextmanager
def _received_failures(operation: Operation, selection: Selection, *, limit: int) -> Iterator[ReceivedFailures]:
    """Failures while they are hidden from other readers; all become visible at the end, even after an error."""
    from deployer.failures.redriving import find, release

    if uncovered := sorted((selection.scope.regions or set()) - {queue.region for queue in operation.all_queues}):
        typer.echo(f"deployer is not rolled out to {', '.join(uncovered)}: no queue exists there.", err=True)
    count = len([queue for queue in operation.all_queues if selection.may_hold(queue, operation.organization)])
    typer.echo(f"Reading {count} queues …" if count > 1 else "Reading the failures queue …", err=True)
    found = find(
        operation.queues, operation.all_queues, selection=selection, organization=operation.organization, limit=limit
    )
    try:
        missing = selection.unmatched_ids(found.failures)
        if missing and not found.failures:
            _check_complete(operation, found)
            raise _not_found(missing)
        if missing:
            typer.echo(_not_found(missing).message, err=True)
        yield found
    finally:
        release(operation.queues, [*found.failures, *found.others])


def _not_found(ids: Sequence[str]) -> DeployerError:
    from deployer.errors import NotFoundError

    return NotFoundError(
        f"No failure has an id that begins with {' or '.join(ids)}",
        next_step="`deployer failures list` shows the ids. Queues keep a failure for 14 days,"
        " and none that was redriven; `deployer audit show EVENT-ID` has the decision about an event.",
    )


def _selection(
    operation: Operation,
    *,
    ous: list[str] | None = None,
    accounts: list[str] | None = None,
    regions: list[str] | None = None,
    repository: str | None = None,
    reason: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    ids: tuple[str, ...] = (),
) -> Selection:
    from deployer.failures.messages import Selection
    from deployer.planning.scopes import find_scope

    return Selection(
        scope=find_scope(operation.organization, ous=ous or (), accounts=accounts or (), regions=regions or ()),
        repository=repository,
        reason=reason,
        since=since,
        until=until,
        ids=ids,
    )


def _check_complete(operation: Operation, found: ReceivedFailures, *, stuck: int = 0) -> None:
    """Report what could not be read; raises IncompleteError then."""
    from deployer.errors import IncompleteError
    from deployer.rendering.failures import out_of_reach_lines
    from deployer.words import counted

    print_lines(out_of_reach_lines(found, operation.organization), err=True)
    if found.out_of_reach:
        raise IncompleteError(
            f"{len(found.out_of_reach)} of {len(operation.all_queues)} queues could not be read",
            next_step="`deployer status` shows missing stacks, and `deployer rollout --org` creates them.",
        )
    if found.is_truncated and not found.failures:
        raise IncompleteError(
            "A queue has more messages than one command reads, and none of those that were read match",
            next_step="Narrow the command with --account, or ask the owner of the queue to delete excess messages.",
        )
    if found.hidden and not found.failures:
        raise IncompleteError(
            f"About {found.hidden} messages exist that could not be received now",
            next_step="Run the command again in five minutes: until then another reader may hold them, or SQS may "
            "count messages that were just deleted.",
        )
    if stuck:
        messages = counted(stuck, "message")
        raise IncompleteError(f"{messages} could not be redriven; the lines above have the reasons")
