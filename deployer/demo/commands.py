"""Runs `deployer` for the demo as users run it: in a process of its own, with the sandbox as its AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handler.json_values import JsonValue

_PROGRAM = "import sys; sys.argv[0] = 'deployer'; from deployer.__main__ import main; main()"
_WIDTH = "80"


class CommandFailed(Exception):  # noqa: N818 - it reads as what happened
    """A command ended with another exit code than 0; the message has its stderr."""


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs the command line; `variables` point it at the sandbox."""

    variables: Mapping[str, str]

    def show(self, *arguments: str) -> int:
        """Run a command that prints to the demo's own output; returns its exit code."""
        return self._run(arguments, capture=False).returncode

    def read(self, *arguments: str) -> JsonValue:
        """The document that a command prints with --json; raises CommandFailed if it fails."""
        completed = self._run([*arguments, "--json"], capture=True)
        if completed.returncode:
            raise CommandFailed(f"deployer {' '.join(arguments)}: {completed.stderr.strip()}")
        return json.loads(completed.stdout)

    def _run(self, arguments: Sequence[str], *, capture: bool) -> subprocess.CompletedProcess[str]:
        sys.stdout.flush()
        return subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-c", _PROGRAM, *arguments],
            env=self._environment(),
            capture_output=capture,
            text=True,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        """The user's environment, without the variables that select a real AWS account."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {"COLUMNS": _WIDTH, **inherited, **self.variables}
