"""`deployer validate`: every problem of every config file, without credentials."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile

WARNINGS_EXIT_CODE = 1
ERRORS_EXIT_CODE = 2


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def validate(
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    live: Annotated[bool, typer.Option("--live", help="Check against the organization as it is in AWS now.")] = False,
    profile: Profile = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if there are warnings.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How problems are printed.")] = Format.TEXT,
    as_json: Json = False,
) -> None:
    """Check every config file and report every problem.

    Needs no credentials. With a snapshot of the organization (--organization, written by `deployer organization
    snapshot`) or with --live, OUs and accounts are checked too; --live with credentials of the central account also
    asks which regions are enabled there.

    Exits 0 without problems, 1 for warnings under --strict, 2 for errors.
    """
    from deployer.cli.sources import enabled_regions_of_central, organization_from
    from deployer.settings import problems
    from deployer.settings.checking import check_folder

    if organization and live:
        raise typer.BadParameter("cannot be combined with --live", param_hint="--organization")
    is_live = organization is None and (live or profile is not None)
    known = organization_from(organization, profile=profile) if organization or is_live else None
    found = check_folder(config, known, read_regions=enabled_regions_of_central(profile) if is_live else None)
    if as_json or output is Format.JSON:
        typer.echo(problems.as_json(found, organization_id=known.id if known else None))
    elif found:
        typer.echo(problems.as_github(found) if output is Format.GITHUB else problems.as_text(found))
    errors = problems.errors(found)
    typer.echo(
        _summary(config.as_posix(), len(errors), len(found) - len(errors), known.id if known else None), err=True
    )
    if errors:
        raise typer.Exit(ERRORS_EXIT_CODE)
    if found and strict:
        raise typer.Exit(WARNINGS_EXIT_CODE)


def _summary(directory: str, errors: int, warnings: int, organization_id: str | None) -> str:
    from deployer.words import counted

    result = " and ".join(
        counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number
    )
    against = (
        f"compared with {organization_id}"
        if organization_id
        else "OUs and accounts not looked up; --organization FILE or --live does that"
    )
    return f"{directory}/: {result or 'no problems'} ({against})."
