"""What `audit verify`, `audit repair` and `audit usage` share: options, and an audit of all accounts that resumes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from deployer.composition.drift import Audit
    from deployer.drift.checkpoint import Parse
    from deployer.drift.verification import AuditedAccount

DEFAULT_GRACE = "24h"

Grace = Annotated[
    str, typer.Option("--grace", metavar="TIME", help="How long a repository may be without an image: 90m, 24h, 7d.")
]
Repository = Annotated[
    str | None, typer.Option("--repository", metavar="GLOB", help="Only repositories whose names match.")
]
Afresh = Annotated[bool, typer.Option("--afresh", help="Start again instead of resuming an interrupted run.")]

R = TypeVar("R", bound="AuditedAccount")


def length_of(text: str, *, option: str) -> timedelta:
    """`24h` as a duration."""
    from deployer.times import parse_length

    try:
        return parse_length(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter("is not a length of time, such as 90m, 24h or 7d", param_hint=option) from error


def resumable(
    name: str,
    audit: Audit,
    audit_account: Callable[[str], R],
    parse: Parse[R],
    *,
    now: datetime,
    restart: bool,
) -> tuple[R, ...]:
    """Audit all accounts, with a checkpoint of this name that is deleted when all are done."""
    import os

    from deployer.drift.checkpoint import open_checkpoint, state_directory
    from deployer.drift.verification import audit_accounts
    from deployer.rendering.audit_progress import progress

    path = state_directory(os.environ) / f"{name}-{audit.key}.jsonl"
    with open_checkpoint(path, parse, now=now, restart=restart) as checkpoint:
        if checkpoint.done:
            typer.echo(
                f"Resuming the run of {checkpoint.started:%H:%M} UTC: {len(checkpoint.done)} of "
                f"{len(audit.accounts)} accounts are done; --afresh starts again.",
                err=True,
            )
        problem = checkpoint.problem
        _note(problem)
        with progress() as report_progress:
            found = audit_accounts(
                audit.accounts, audit_account, checkpoint=checkpoint, report=report_progress, stop=audit.stop
            )
        if checkpoint.problem != problem:
            _note(checkpoint.problem)
        checkpoint.remove()
    return found


def _note(problem: str | None) -> None:
    if problem:
        typer.echo(f"{problem}. If this run is interrupted, the next one starts again.", err=True)
