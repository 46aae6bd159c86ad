"""`deployer schema`: JSON Schemas of config files for editors, and the reference of all keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.files import write_files
from deployer.cli.options import OrganizationFile
from deployer.settings.json_schema import Kind


def schema(
    file: Annotated[Kind, typer.Argument(help="Kind of config file.")] = Kind.OU,
    organization: OrganizationFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write all three schemas to this folder.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference of all keys as Markdown instead.")
    ] = False,
) -> None:
    """Print the JSON Schema of a config file, for editors.

    With a snapshot (--organization) it lists the organization's own OUs and accounts. An editor with a YAML language
    server finds it by the first line of a file:

    # yaml-language-server: $schema=../.schema/ou.json
    """
    from deployer.cli.sources import read_snapshot
    from deployer.settings.json_schema import as_text, json_schema

    if markdown:
        from deployer.settings.reference import markdown as reference

        typer.echo(reference(), nl=False)
        return
    known = read_snapshot(organization) if organization else None
    if out is None:
        typer.echo(as_text(json_schema(file, known)), nl=False)
        return
    files = {out / f"{kind}.json": as_text(json_schema(kind, known)).encode() for kind in Kind}
    write_files(files)
    for written in files:
        typer.echo(written.as_posix(), err=True)
