"""Progress of a command that changes AWS, and what continues in AWS if the command is stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from deployer.cli.interruptible import interruptible
from deployer.cli.printing import json_text
from deployer.cli.rollout_options import LogFormat
from deployer.errors import DeployerError

if TYPE_CHECKING:
    from deployer.clock import Clock
    from deployer.organization import Organization
    from deployer.rollout.progress import Report


@contextmanager
def followed(
    organization: Organization, *, clock: Clock, log_format: LogFormat, command: Callable[[], str]
) -> Iterator[Report]:
    """The destination of a command's events; `command` gives the one that resumes the work after Ctrl-C."""
    from deployer.rendering.interruption import OperationsInProgress
    from deployer.rendering.live import reporter

    in_progress = OperationsInProgress()
    events = reporter(organization, clock=clock, as_json=log_format is LogFormat.JSON)
    with interruptible(in_progress, command=command), events as report:
        yield in_progress.observing(report)


@contextmanager
def json_errors(log_format: LogFormat, *, clock: Clock) -> Iterator[None]:
    """With JSON Lines, an error that stops the command is the last of them."""
    try:
        yield
    except DeployerError as error:
        if log_format is not LogFormat.JSON:
            raise
        from deployer.rendering.events_json import error_document

        typer.echo(json.dumps(error_document(error, at=clock.now()), ensure_ascii=False), err=True)
        raise typer.Exit(error.exit_code) from error


@contextmanager
def summarized(log_format: LogFormat, *, clock: Clock) -> Iterator[None]:
    """In GitHub Actions, an error that stops the command is in the summary of the step."""
    try:
        yield
    except DeployerError as error:
        from deployer.cli.step_summary import append_summary
        from deployer.rendering.step_summary import error_markdown

        if warning := append_summary(error_markdown(error), os.environ):
            print_warning(warning, log_format=log_format, clock=clock)
        raise


def print_warning(message: str, *, log_format: LogFormat, clock: Clock) -> None:
    """Print what does not change the exit code, in the format of progress messages."""
    from deployer.rendering.events_json import warning_document

    is_json = log_format is LogFormat.JSON
    typer.echo(json_text(warning_document(message, at=clock.now())) if is_json else f"Warning: {message}", err=True)
