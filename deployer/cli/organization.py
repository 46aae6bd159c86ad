"""`deployer organization`: the organization in AWS, as a file and as a tree."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.files import write_file, writing
from deployer.cli.options import Json, OrganizationFile, Profile

if TYPE_CHECKING:
    from deployer.organization import Organization

app = typer.Typer(
    name="organization", help="Show or save the accounts and OUs of the organization.", no_args_is_help=True
)


@app.command()
def snapshot(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="File to write; standard output by default.")
    ] = None,
    profile: Profile = None,
) -> None:
    """Write the organization as JSON: every OU and account, with names and states.

    The same organization gives the same bytes, so the file can be kept in git. validate, explain, simulate, init,
    schema and synth accept it with --organization, and then need no credentials.
    """
    from deployer.cli.sources import organization_from

    organization = organization_from(None, profile=profile)
    text = organization.to_json()
    if out is None:
        typer.echo(text, nl=False)
        typer.echo(f"{_totals(organization)}. {_next_step('FILE')}", err=True)
        return
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    write_file(out, [text.encode()])
    typer.echo(f"{out.as_posix()}: {_totals(organization)}.\n{_next_step(shlex.quote(out.as_posix()))}", err=True)


@app.command()
def show(organization: OrganizationFile = None, profile: Profile = None, as_json: Json = False) -> None:
    """Show OUs and accounts as a tree, with ids and states."""
    from deployer.cli.sources import organization_from

    known = organization_from(organization, profile=profile)
    if as_json:
        typer.echo(known.to_json(), nl=False)
        return
    typer.echo("\n".join([f"{known.id}: {_totals(known)}", *_tree(known, known.root.id, depth=0)]))


def _next_step(file: str) -> str:
    return f"Rehearse on a copy of it: `deployer sandbox start -d --organization {file}`"


def _totals(organization: Organization) -> str:
    accounts, ous = len(organization.accounts), len(organization.ous) - 1
    return f"{accounts:,} account{'s' * (accounts != 1)} in {ous:,} OU{'s' * (ous != 1)}"


def _tree(organization: Organization, ou_id: str, *, depth: int) -> Iterator[str]:
    from deployer.words import printable

    indent = "  " * depth
    yield f"{indent}{printable(organization.ous[ou_id].name)}/  {ou_id}"
    for account in organization.accounts_in(ou_id):
        notes = [account.state] if not account.is_active else []
        notes += ["management account"] if account.id == organization.management_account_id else []
        yield f"{indent}  {account.id} {printable(account.name)}" + (f" ({', '.join(notes)})" if notes else "")
    for child in organization.children(ou_id):
        yield from _tree(organization, child.id, depth=depth + 1)
