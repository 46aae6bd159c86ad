"""The time range and the regions of commands that look back: parsed, with errors that name the option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="End, given like --since; now by default.")]


def since_of(text: str, *, now: datetime) -> datetime:
    """The time of --since; raises wrong usage for anything else."""
    from deployer.times import parse_since

    return _parsed(parse_since, text, "--since", now)


def until_of(text: str, *, now: datetime) -> datetime:
    """The time of --until; raises wrong usage for anything else."""
    from deployer.times import parse_until

    return _parsed(parse_until, text, "--until", now)


def bounds_of(since: str | None, until: str | None, *, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The times of optional --since and --until; raises wrong usage for others, and for a range that is empty."""
    start = since_of(since, now=now) if since else None
    end = until_of(until, now=now) if until else None
    if start and end:
        check_order(start, end)
    return start, end


def check_order(since: datetime, until: datetime) -> None:
    """Raise wrong usage for a range that is empty."""
    if since >= until:
        raise typer.BadParameter("must be earlier than --until", param_hint="--since")


def check_regions(regions: Sequence[str]) -> None:
    """Raise ConfigurationError for an unknown region: nothing would be found there, which looks like success."""
    from deployer.settings.regions import require_region

    for region in regions:
        require_region(region, source="--region")


def _parsed(parse: Callable[..., datetime], text: str, option: str, now: datetime) -> datetime:
    try:
        return parse(text, now=now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
