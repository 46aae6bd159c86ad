"""`deployer validate`: every problem of every config file, without credentials."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile
from deployer.cli.printing import print_json

if TYPE_CHECKING:
    from deployer.settings.problems import Severity

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
        print_json(problems.as_document(found, organization_id=known.id if known else None))
    elif found:
        typer.echo(problems.as_github(found) if output is Format.GITHUB else problems.as_text(found))
    numbers = {severity: problems.number_of(severity, found) for severity in problems.Severity}
    typer.echo(_summary(config.as_posix(), numbers, known.id if known else None), err=True)
    if numbers[problems.Severity.ERROR]:
        raise typer.Exit(ERRORS_EXIT_CODE)
    if numbers[problems.Severity.WARNING] and strict:
        raise typer.Exit(WARNINGS_EXIT_CODE)


def _summary(directory: str, numbers: Mapping[Severity, int], organization_id: str | None) -> str:
    from deployer.words import counted

    *first, last = [counted(number, severity.value) for severity, number in numbers.items() if number] or [
        "no problems"
    ]
    result = " and ".join([*([", ".join(first)] if first else []), last])
    against = (
        f"compared with {organization_id}"
        if organization_id
        else "OUs and accounts not looked up; --organization FILE or --live does that"
    )
    return f"{directory}/: {result} ({against})."
