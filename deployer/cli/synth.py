"""`deployer synth`: writes everything that a roll-out would deploy to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.files import write_files
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile
from deployer.cli.printing import print_json

OutputDirectory = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; created if missing.")]


def synth(
    out: OutputDirectory,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Write the templates and the handler's zip to a folder.

    artifacts.json, central.json, access.json, forwarding.json and handler.zip: the same bytes for the same config files
    and organization. Needs no credentials with --organization. Changes nothing in AWS.
    """
    from deployer.cli.sources import compiled_from
    from deployer.planning.synthesis import synthesize

    synthesis = synthesize(compiled_from(config, organization, profile=profile))
    paths = _write(synthesis.files(), out)
    if as_json:
        print_json({"files": paths, "handler_digest": synthesis.bundle.digest})
        return
    for path in paths:
        typer.echo(path)
    typer.echo(f"The handler's zip belongs at s3://{synthesis.names.artifacts_bucket}/{synthesis.bundle.key}", err=True)


def _write(files: Mapping[str, bytes], directory: Path) -> list[str]:
    """Write each file, over one of its name; other files in the folder stay."""
    from deployer.errors import FilesExistError

    if any(folder.exists() and not folder.is_dir() for folder in (directory, *directory.parents)):
        raise FilesExistError(
            f"{directory.as_posix()} is a file, not a folder", next_step="Name another folder with --out."
        )
    write_files({directory / name: data for name, data in files.items()})
    return [(directory / name).as_posix() for name in files]
