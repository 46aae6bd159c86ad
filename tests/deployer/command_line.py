"""Runs the command line in this process, against a sandbox, and keeps what it printed."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aws_org_sandbox.sandbox import Sandbox
from deployer.cli.main import run
from deployer.clock import Clock
from tests.clocks import impatient

CONFIG = Path(__file__).parents[2] / "config"

WITHOUT_CONFIG = {"organization"}
"""Commands that read no config files."""

READING = ("Get", "List", "Describe", "Head", "Query", "Search", "BatchGet")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Deployer:
    """The command line as one account's operator sees it."""

    def __init__(
        self, sandbox: Sandbox, *, config: Path = CONFIG, account: str | None = None, clock: Clock | None = None
    ) -> None:
        self.sandbox = sandbox
        self.config = config
        self.clock = clock or impatient()
        self.environment: Mapping[str, str] = sandbox.environment(account)

    def __call__(self, *arguments: str) -> Ran:
        written, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
        with (
            patch.dict("os.environ", self.environment),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            options = [] if arguments[0] in WITHOUT_CONFIG else ["--config", str(self.config)]
            code = run([*arguments, *options], clock=self.clock)
        return Ran(code, written.getvalue().decode(), err.getvalue())


def writes(sandbox: Sandbox) -> list[str]:
    """Calls since the log was cleared that could have changed something."""
    return [call.name for call in sandbox.calls if is_writing(call.operation)]


def is_writing(operation: str) -> bool:
    """Whether a call could change something."""
    return not operation.startswith(READING)
