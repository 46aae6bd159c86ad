"""`deployer sandbox demo`: a roll-out and pushes in the local AWS, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ExampleConfig = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="DIR", help="Changed config files of the example organization, instead of its own."
    ),
]


def demo(config: ExampleConfig = None) -> None:
    """Roll out, push and audit in a new sandbox; exits 0 only if every check passed.

    It uses an example organization and its config files, which are part of deployer.
    """
    from deployer.cli.printing import print_lines
    from deployer.extras import SANDBOX, require

    require(SANDBOX, purpose="The sandbox")
    from deployer import settings
    from deployer.demo import example, scenario

    directory = config or example.config_directory()
    settings.load(directory)
    if not scenario.run(config=directory, show=print_lines):
        raise typer.Exit(1)
