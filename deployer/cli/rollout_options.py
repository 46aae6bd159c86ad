"""Options of a roll-out; each overrides a value of `rollout:` in organization.yaml."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, get_args

import typer

from deployer.cli.options import one_of
from deployer.operation_preferences import Amount, ConcurrencyMode, RegionConcurrency
from deployer.rollout.operations import IfBusy


class LogFormat(StrEnum):
    """The format of progress messages."""

    TEXT = "text"
    JSON = "json"


_MODES: tuple[str, ...] = get_args(ConcurrencyMode)
_REGIONS: tuple[str, ...] = get_args(RegionConcurrency)
_PANEL = "Speed and tolerance"

MaxConcurrent = Annotated[
    str | None,
    typer.Option(
        "--max-concurrent",
        metavar="N|N%",
        help="How many accounts of a region to update at once.",
        rich_help_panel=_PANEL,
    ),
]
FailureTolerance = Annotated[
    str | None,
    typer.Option(
        "--failure-tolerance",
        metavar="N|N%",
        help="How many accounts of a region may fail before the rest is cancelled.",
        rich_help_panel=_PANEL,
    ),
]
Mode = Annotated[
    str | None,
    typer.Option(
        "--concurrency-mode",
        parser=one_of(_MODES),
        metavar=f"<{'|'.join(_MODES)}>",
        help="STRICT_…: never update more accounts at once than the tolerance + 1.",
        rich_help_panel=_PANEL,
    ),
]
RegionsAtOnce = Annotated[
    str | None,
    typer.Option(
        "--region-concurrency",
        parser=one_of(_REGIONS),
        metavar=f"<{'|'.join(_REGIONS)}>",
        help="Update all regions at once, or one after another.",
        rich_help_panel=_PANEL,
    ),
]
RegionOrder = Annotated[
    list[str] | None,
    typer.Option(
        "--region-order",
        metavar="REGION",
        help="Start with this region; repeat it to set the order of more.",
        rich_help_panel=_PANEL,
    ),
]
NoWaves = Annotated[
    bool,
    typer.Option(
        "--no-waves", help="Ignore the waves in the config and update everything in one go.", rich_help_panel=_PANEL
    ),
]
WhenBusy = Annotated[
    IfBusy,
    typer.Option(
        "--if-busy", help="If other StackSet operations are running: wait for them, attach (follow them), or give-up."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the last roll-out, which did not finish.")]
OnlyFailed = Annotated[
    bool, typer.Option("--only-failed", help="Only accounts that have a stack instance that is not CURRENT.")
]
Deep = Annotated[
    bool,
    typer.Option(
        "--deep", help="Also read resources in the accounts, and repair those that were changed or deleted there."
    ),
]
BreakLock = Annotated[bool, typer.Option("--break-lock", help="Take over the lock of a roll-out that no longer runs.")]
Log = Annotated[LogFormat, typer.Option("--log-format", help="Format of progress messages: text, or JSON Lines.")]


def rollout_values(
    *,
    max_concurrent: str | None,
    failure_tolerance: str | None,
    mode: str | None,
    regions_at_once: str | None,
    region_order: list[str] | None,
    no_waves: bool,
) -> dict[str, object]:
    """The given values by the config's keys; raises wrong usage for invalid amounts."""
    values: dict[str, object] = {
        "max_concurrent": _amount(max_concurrent, "--max-concurrent", least=1),
        "failure_tolerance": _amount(failure_tolerance, "--failure-tolerance", least=0),
        "concurrency_mode": mode,
        "region_concurrency": regions_at_once,
        "region_order": tuple(region_order) if region_order else None,
        "waves": () if no_waves else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _amount(text: str | None, option: str, *, least: int) -> str | None:
    if text is None:
        return None
    try:
        amount = Amount.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
    if amount.number < least:
        raise typer.BadParameter(f"at least {least}", param_hint=option)
    return text
