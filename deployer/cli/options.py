"""Options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigDirectory = Annotated[
    Path, typer.Option("--config", metavar="DIR", help="Folder that holds the config files.", show_default=True)
]
Profile = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="AWS profile; without it, the usual credential chain.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
OrganizationFile = Annotated[
    Path | None,
    typer.Option("--organization", metavar="FILE", help="Snapshot of the organization to use instead of asking AWS."),
]

DEFAULT_CONFIG_DIRECTORY = Path("config")
