"""A copy of the example's config files that a test changes and rolls out in the sandbox."""

from __future__ import annotations

import shutil
from pathlib import Path

from aws_org_sandbox.sandbox import Sandbox
from tests.deployer.command_line import CONFIG, Deployer


class Folder:
    """The copy, and the command line that reads it."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self.directory = directory / "config"
        shutil.copytree(CONFIG, self.directory)
        self.deployer = Deployer(sandbox, config=self.directory)
        self.scope: tuple[str, ...] = ("--org",)

    def configure(self, file: str, text: str) -> None:
        """Append text to a file of the example."""
        (self.directory / file).write_text((CONFIG / file).read_text() + text)

    def roll_out(self, *options: str) -> int:
        """Roll out to the scope, the whole organization by default; the exit code."""
        ran = self.deployer("rollout", *self.scope, "--yes", *options)
        self.deployer.sandbox.settle()
        return ran.exit_code
