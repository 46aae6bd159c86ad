"""Reads the organization and the compiled settings for a command: from a snapshot file, or from AWS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.cli.input_files import read_text

if TYPE_CHECKING:
    from deployer.aws.session import Session
    from deployer.organization import Organization
    from deployer.settings import Compiled, Config

DEFAULT_REGION = "us-east-1"
"""If no region is configured; any works for a global service."""


def read_snapshot(file: Path) -> Organization:
    """An organization from a file that `deployer organization snapshot` wrote."""
    from deployer.organization import Organization

    text = read_text(
        file,
        argument="--organization",
        next_step=f"`deployer organization snapshot --out {file.as_posix()}` writes it.",
    )
    return Organization.from_json(text, source=file.as_posix())


def organization_from(file: Path | None, *, profile: str | None, region: str | None = None) -> Organization:
    """The organization of a snapshot, or without one the live one of the credentials."""
    if file is not None:
        return read_snapshot(file)
    from deployer.aws.organizations import live_organization

    return live_organization(session_of(profile, region=region))


def session_of(profile: str | None, *, region: str | None = None) -> Session:
    """A session for global services, with a default region if none is configured."""
    from deployer.aws.session import Session

    session = Session(profile=profile, region=region)
    return session if session.region else Session(profile=profile, region=DEFAULT_REGION)


def enabled_regions_of_central(profile: str | None) -> Callable[[Config], frozenset[str] | None]:
    """Reads the enabled regions of the central account, if the credentials belong to it."""

    def ask(config: Config) -> frozenset[str] | None:
        from deployer.aws.preconditions import enabled_regions

        session = session_of(profile, region=config.home_region)
        if session.identity.account != config.central_account:
            return None
        return frozenset(enabled_regions(session, home=config.home_region))

    return ask


def compiled_from(directory: Path, organization_file: Path | None, *, profile: str | None) -> Compiled:
    """Config files and organization, checked against each other; a snapshot needs no credentials."""
    if organization_file is None:
        from deployer.composition.installation import Installation

        return Installation.connect(directory, profile=profile).compiled
    from deployer import settings

    return settings.compile(settings.load(directory), read_snapshot(organization_file))
