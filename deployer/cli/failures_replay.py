"""`deployer failures replay`: handles the events of a time range again, from the archive."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, Profile, Yes, clock_of
from deployer.cli.printing import confirm, print_json, print_lines
from deployer.cli.range_options import Until, check_order, since_of, until_of


def replay(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="Start: 36h (ago), a date, or a time in UTC.")],
    until: Until = None,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    again: Annotated[bool, typer.Option("--again", help="Replay even if this time range was replayed before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be replayed.")] = False,
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Replay events of a time range from the archive, and wait until that has ended.

    For events that were lost or handled wrongly, and of which no message is left. Safe to repeat: the handler does
    nothing twice. If it is interrupted, the replay continues in AWS; the same command with the same times follows it.
    """
    from deployer.composition.failures import open_archive
    from deployer.failures import replaying
    from deployer.rendering.failures import range_lines, replay_document, replay_line

    clock = clock_of(context)
    now = clock.now()
    time_range = replaying.TimeRange(since=since_of(since, now=now), until=until_of(until or "0m", now=now))
    check_order(time_range.since, time_range.until)
    archive = open_archive(config, profile=profile)
    state = archive.describe()
    replaying.check(time_range, state, now=now)
    print_lines(
        range_lines(time_range, state, may_be_incomplete=replaying.may_be_incomplete(time_range, now=now)),
        err=not dry_run or as_json,
    )
    if dry_run:
        if as_json:
            print_json(replay_document(None, time_range))
        return
    confirm("Replay this?", yes=yes)
    started, is_new = replaying.start(archive, time_range, prefix=state.name.removesuffix("-archive"), again=again)
    if started.has_ended:
        typer.echo(f"{started.name} was already replayed; --again replays it once more.", err=True)
    elif not is_new:
        typer.echo(f"{started.name} is already in progress; waiting for it.", err=True)

    def report(one: replaying.Replay) -> None:
        if not one.has_ended:
            print_lines([replay_line(one, time_range)], err=True)

    done = replaying.wait(archive, started, report=report, clock=clock)
    if as_json:
        print_json(replay_document(done, time_range))
    else:
        print_lines([replay_line(done, time_range)])
