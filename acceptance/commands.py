"""`deployer`'s own command line, run in this process."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from acceptance.errors import LeftoversError
from deployer.cli.main import run
from deployer.clock import Clock
from deployer.errors import INTERRUPTED_EXIT_CODE


def run_command(*arguments: str, config: Path, profile: str | None, clock: Clock) -> tuple[int, str]:
    """Run a command of `deployer`; returns the exit code and the output."""
    options = ["--yes", "--config", str(config), *(["--profile", profile] if profile else [])]
    with _captured() as text:
        code = run([*arguments, *options], clock=clock)
    if code == INTERRUPTED_EXIT_CODE:
        raise KeyboardInterrupt
    return code, text.getvalue()


def destroy(config: Path, *, profile: str | None, clock: Clock) -> None:
    """Delete the installation, including the ledger."""
    code, printed = run_command("destroy", "--delete-ledger", config=config, profile=profile, clock=clock)
    if code:
        raise LeftoversError(
            f"`deployer destroy --delete-ledger --config {config}` ended with {code}: {printed[-2000:]}",
            next_step="Run that command, then `python -m acceptance clean`.",
        )


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield text
