"""`deployer schema`: JSON Schemas of config files and of what commands print, and the reference of all keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.files import write_files
from deployer.cli.options import OrganizationFile
from deployer.settings.json_schema import Kind


def schema(
    of: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KIND|COMMAND",
            help="Kind of config file: organization, ou (the default) or account; or a command that has --json.",
        ),
    ] = None,
    organization: OrganizationFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write all three schemas to this folder.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference of all keys as Markdown instead.")
    ] = False,
) -> None:
    """Print the JSON Schema of a config file, for editors, or of what a command prints with --json.

    With a snapshot (--organization) it lists the organization's own OUs and accounts. An editor with a YAML language
    server finds it by the first line of a file:

    # yaml-language-server: $schema=../.schema/ou.json

    $ deployer schema ou --organization snapshot.json
    $ deployer schema audit list
    """
    from deployer.cli.sources import read_snapshot
    from deployer.settings.json_schema import as_text, json_schema

    if markdown:
        from deployer.settings.reference import markdown as reference

        typer.echo(reference(), nl=False)
        return
    known = read_snapshot(organization) if organization else None
    if out is None:
        name = "-".join(of or [Kind.OU])
        typer.echo(as_text(json_schema(Kind(name), known)) if name in {*Kind} else _of_output(name), nl=False)
        return
    files = {out / f"{kind}.json": as_text(json_schema(kind, known)).encode() for kind in Kind}
    write_files(files)
    for written in files:
        typer.echo(written.as_posix(), err=True)


def _of_output(name: str) -> str:
    from deployer import documentation
    from deployer.settings.messages import nearest

    known = documentation.schemas()
    if name not in known:
        near = nearest(name, [*Kind, *known])
        names = f"did you mean {near}?" if near else f"known are {', '.join([*Kind, *known])}"
        raise typer.BadParameter(f"no schema is named {name!r}; {names}", param_hint="KIND|COMMAND")
    return documentation.schema(name)
