"""`deployer init`: writes a first config folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.files import write_files, writing
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, OrganizationFile, Profile, Yes
from deployer.cli.sources import DEFAULT_REGION, organization_from, session_of
from deployer.errors import ConfigurationError, FilesExistError, GuardError

if TYPE_CHECKING:
    from deployer.organization import Organization


def init(
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    ou: Annotated[list[str] | None, typer.Option("--ou", metavar="PATH", help="OU to enable; repeatable.")] = None,
    central_account: Annotated[
        str | None,
        typer.Option("--central-account", metavar="ID", help="Account deployer runs in; else the caller's."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="REGION", help=f"Home region; by default the caller's, or {DEFAULT_REGION}."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    yes: Yes = False,
    profile: Profile = None,
) -> None:
    """Write a config folder for the organization: organization.yaml, and a commented file for each OU.

    OUs named by --ou (or in the answer) are enabled in the home region; without any, each top-level OU gets a file
    that disables it. Nothing is overwritten without --force.
    """
    from deployer.settings.explaining import find_ou
    from deployer.settings.initial_files import Choices, initial_files, top_ous
    from deployer.settings.regions import require_region

    if not yes and not sys.stdin.isatty():
        raise GuardError("Nothing was written: there is no terminal for questions", next_step="Pass --yes.")
    if region:
        require_region(region, source="--region")
    known = organization_from(organization, profile=profile, region=region)
    account = central_account or _caller(profile, known, is_live=organization is None)
    home = region or _callers_region(profile)
    chosen = list(ou or [])
    if not yes:
        account = central_account or typer.prompt("Central account", default=account, err=True)
        home = region or typer.prompt("Home region", default=home, err=True)
        chosen = chosen or _ask_ous(known)
    require_region(home, source="home region")
    _require_account(known, account)
    enabled = [find_ou(known, path) for path in chosen]
    choices = Choices(
        central_account=account,
        region=home,
        enabled=list(dict.fromkeys(enabled)),
        prepared=() if enabled else top_ous(known),
    )
    _write(config, initial_files(known, choices), force=force)
    typer.echo(f"Next: review {config.as_posix()}/, then run `deployer validate` and `deployer plan`.", err=True)


def _caller(profile: str | None, organization: Organization, *, is_live: bool) -> str:
    """The account of the credentials; with a snapshot, the management account."""
    if not is_live:
        return organization.management_account_id
    return session_of(profile).identity.account


def _callers_region(profile: str | None) -> str:
    """The region of the environment or the profile; `organization_from` reports an unknown profile."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return region or session_of(profile).region or DEFAULT_REGION


def _require_account(organization: Organization, account_id: str) -> None:
    """Raise ConfigurationError unless stacks can be created in the central account."""
    account = organization.accounts.get(account_id)
    if account is not None and account.is_active:
        return
    state = f"({account.name}) is {account.state}" if account else f"is not in {organization.id}"
    raise ConfigurationError(
        f"account {account_id} {state}", next_step="--central-account ID names the account to use."
    )


def _ask_ous(organization: Organization) -> list[str]:
    from deployer.cli.printing import print_text
    from deployer.organization import natural_order

    paths = (organization.path(id_) for id_ in organization.ous if id_ != organization.root.id)
    print_text("OUs: " + ", ".join(sorted(paths, key=natural_order)), err=True)
    answer: str = typer.prompt(
        "OUs to enable, separated by commas (none: files for the top-level OUs, disabled)",
        default="",
        show_default=False,
        err=True,
    )
    return [path.strip() for path in answer.split(",") if path.strip()]


def _write(directory: Path, files: dict[str, str], *, force: bool) -> None:
    with writing(directory):
        existing = [path for path in files if (directory / path).exists()]
    if existing and not force:
        raise FilesExistError(
            f"{directory.as_posix()}/ has {', '.join(existing[:3])}{' and more' * (len(existing) > 3)} already",
            next_step="--force overwrites, --config DIR writes elsewhere; nothing was written.",
        )
    write_files({directory / path: text.encode() for path, text in files.items()})
    for path in files:
        typer.echo((directory / path).as_posix())
