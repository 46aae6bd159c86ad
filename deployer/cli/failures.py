"""`deployer failures`: events that could not be handled or delivered, looked at, handed over again, replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
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
    Yes,
    clock_of,
)
from deployer.cli.printing import confirm, print_json, print_lines

if TYPE_CHECKING:
    from deployer.composition.failures import Operation
    from deployer.errors import DeployerError
    from deployer.failures.messages import Selection
    from deployer.failures.redriving import Found

LIMIT = 1000

app = typer.Typer(
    name="failures", help="List, inspect and retry events that could not be handled.", no_args_is_help=True
)

Repository = Annotated[
    str | None, typer.Option("--repository", metavar="GLOB", help="Only repositories whose names match.")
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="GLOB", help="Only reasons that match.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="From when: 36h (ago), a day, or a time (UTC).")
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Until when; now if not given.")]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most this many.")]


@app.callback()
def failures() -> None:
    """Events that could not be handled, in the failures queue, or delivered, in the queues of member accounts.

    Needs sts:AssumeRole on the operator role of the central account (docs/permissions.md), nothing else.
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

    Messages are hidden from other readers while they are looked at, and shown again at once.
    """
    from deployer.composition.failures import open_failures
    from deployer.rendering.failures import found_document, found_lines

    _check_regions(region or ())
    operation = open_failures(config, profile=profile)
    selection = _selection(
        operation,
        ous=ou,
        accounts=account,
        regions=region,
        repository=repository,
        reason=reason,
        since=since,
        until=until,
        now=clock_of(context).now(),
    )
    with _taken(operation, selection, limit=limit) as found:
        pass
    if as_json:
        print_json(found_document(found, operation.organization))
    else:
        print_lines(found_lines(found, operation.organization))
    _complain(operation, found)


@app.command("show")
def show(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Id of a message or event, or the beginning of one.")],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show all that is known of a failure; with --json, the event and the message as they are, too."""
    from deployer.composition.failures import open_failures
    from deployer.rendering.failures import failure_document, shown_lines

    operation = open_failures(config, profile=profile)
    selection = _selection(operation, ids=tuple(ids), now=clock_of(context).now())
    with _taken(operation, selection, limit=LIMIT) as found:
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
            print_lines(shown_lines(failure, operation.organization))
    _complain(operation, found)


@app.command("redrive")
def redrive(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Only these; without any, all that the options select."),
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be handed to the handler.")] = False,
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Hand failed events to the handler again, and delete their messages once Lambda has them.

    Safe to repeat and to interrupt: the handler does nothing twice, and a message goes only after its event was taken.
    """
    from deployer.composition.failures import open_failures
    from deployer.failures.redriving import redrive as put_back
    from deployer.rendering.failures import (
        found_document,
        found_lines,
        redriven_document,
        redriven_line,
        redriven_lines,
    )

    _check_regions(region or ())
    operation = open_failures(config, profile=profile)
    selection = _selection(
        operation,
        ous=ou,
        accounts=account,
        regions=region,
        repository=repository,
        reason=reason,
        since=since,
        until=until,
        ids=tuple(ids or ()),
        now=clock_of(context).now(),
    )
    organization = operation.organization
    with _taken(operation, selection, limit=limit) as found:
        if dry_run or not found.failures:
            done = None
        else:
            print_lines(found_lines(found, organization), err=True)
            confirm("Hand these to the handler again?", yes=yes, command="deployer failures redrive")
            done = put_back(
                operation.queues,
                operation.function,
                found.failures,
                report=lambda one: print_lines(redriven_line(one, organization), err=True),
            )
    if as_json:
        print_json(
            found_document(found, organization) if done is None else redriven_document(done, found, organization)
        )
    else:
        print_lines(found_lines(found, organization) if done is None else redriven_lines(done))
    stuck = [one for one in done or () if one.fate not in {"put back", "taken by another"}]
    _complain(operation, found, stuck=len(stuck))


@app.command("replay")
def replay(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="Events from when: 36h (ago), a day, or a time (UTC).")
    ],
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="Events until when; now if not given.")
    ] = None,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    again: Annotated[bool, typer.Option("--again", help="Replay even if this time range was replayed before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be replayed.")] = False,
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Replay events of a time from the archive, and wait until that is done.

    For when events were lost or handled wrongly, and no message is left of them. Safe to repeat: the handler does
    nothing twice. Interrupted, it goes on in AWS; the same command with the same times finds it again.
    """
    from deployer.composition.failures import open_archive
    from deployer.failures import replaying
    from deployer.rendering.failures import range_lines, replay_document, replay_line
    from deployer.times import parse_since, parse_until

    clock = clock_of(context)
    now = clock.now()
    wanted = replaying.Range(
        since=_time(since, "--since", parse_since, now), until=_time(until or "0m", "--until", parse_until, now)
    )
    archive = open_archive(config, profile=profile)
    state = archive.describe()
    replaying.check(wanted, state, now=now)
    print_lines(range_lines(wanted, state, fresh=replaying.is_too_fresh(wanted, now=now)), err=not dry_run)
    if dry_run:
        return
    confirm("Replay this?", yes=yes, command="deployer failures replay")
    started, is_new = replaying.start(archive, wanted, prefix=state.name.removesuffix("-archive"), again=again)
    if started.is_over:
        typer.echo(f"{started.name} was replayed already; --again replays it once more.", err=True)
    elif not is_new:
        typer.echo(f"{started.name} is under way already; waiting for it.", err=True)

    def report(one: replaying.Replay) -> None:
        if not one.is_over:
            print_lines([replay_line(one, wanted)], err=True)

    done = replaying.wait(archive, started, report=report, clock=clock)
    if as_json:
        print_json(replay_document(done, wanted))
    else:
        print_lines([replay_line(done, wanted)])


@contextmanager
def _taken(operation: Operation, selection: Selection, *, limit: int) -> Iterator[Found]:
    """Failures while they are hidden from others; all are shown again at the end, however it ends."""
    from deployer.failures.redriving import find, release

    if uncovered := sorted((selection.scope.regions or set()) - {queue.region for queue in operation.locations}):
        typer.echo(f"deployer is not rolled out to {', '.join(uncovered)}: no queue is there.", err=True)
    count = len([queue for queue in operation.locations if selection.may_hold(queue, operation.organization)])
    typer.echo(f"Looking into {count} queues …" if count > 1 else "Looking into the failures queue …", err=True)
    found = find(
        operation.queues, operation.locations, selection=selection, organization=operation.organization, limit=limit
    )
    try:
        if selection.ids and not found.failures:
            _complain(operation, found)
            raise _not_there(selection.ids)
        yield found
    finally:
        release(operation.queues, [*found.failures, *found.others])


def _not_there(ids: Sequence[str]) -> DeployerError:
    from deployer.errors import NotFoundError

    return NotFoundError(
        f"No message begins with {', '.join(ids)}", next_step="`deployer failures list` shows the ids."
    )


def _check_regions(regions: Sequence[str]) -> None:
    """Raise ConfigurationError for a slip: nothing would be found there, which reads like good news."""
    from deployer.settings.regions import require_region

    for region in regions:
        require_region(region, said_by="--region")


def _selection(
    operation: Operation,
    *,
    ous: list[str] | None = None,
    accounts: list[str] | None = None,
    regions: list[str] | None = None,
    repository: str | None = None,
    reason: str | None = None,
    since: str | None = None,
    until: str | None = None,
    ids: tuple[str, ...] = (),
    now: datetime,
) -> Selection:
    from deployer.failures.messages import Selection
    from deployer.planning.scopes import find_scope
    from deployer.times import parse_since, parse_until

    selection = Selection(
        scope=find_scope(operation.organization, ous=ous or (), accounts=accounts or (), regions=regions or ()),
        repository=repository,
        reason=reason,
        since=_time(since, "--since", parse_since, now) if since else None,
        until=_time(until, "--until", parse_until, now) if until else None,
        ids=ids,
    )
    if selection.since and selection.until and selection.since >= selection.until:
        raise typer.BadParameter("must be earlier than --until", param_hint="--since")
    return selection


def _time(text: str, option: str, parse: Callable[..., datetime], now: datetime) -> datetime:
    try:
        return parse(text, now=now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _complain(operation: Operation, found: Found, *, stuck: int = 0) -> None:
    """Say what is missing in the answer, and exit accordingly."""
    from deployer.errors import IncompleteError
    from deployer.rendering.failures import out_of_reach_lines

    print_lines(out_of_reach_lines(found, operation.organization), err=True)
    if found.out_of_reach:
        raise IncompleteError(
            f"{len(found.out_of_reach)} of {len(operation.locations)} queues could not be looked into",
            next_step="`deployer status` shows stacks that are missing, and `deployer rollout --org` makes them.",
        )
    if found.is_cut and not found.failures:
        raise IncompleteError(
            "A queue has more messages than are read in one go, and none of those that were read matches",
            next_step="Narrow the command with --account, or have the owner of the queue delete what floods it.",
        )
    if found.hidden and not found.failures:
        raise IncompleteError(
            f"About {found.hidden} messages exist that could not be received now",
            next_step="Run the command again in five minutes: until then another reader may hold them, or SQS may "
            "count messages that were just deleted.",
        )
    if stuck:
        messages = "1 message" if stuck == 1 else f"{stuck} messages"
        raise IncompleteError(f"{messages} did not go back; the lines above say why")
