"""`deployer sandbox start` and `env`: those of `aws-org-sandbox`, for a copy of the user's own organization."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aws_org_sandbox import cli as sandbox
from aws_org_sandbox import process, snapshots
from aws_org_sandbox.initial_state import InitialState
from deployer.cli.input_files import name_of, read_text

if TYPE_CHECKING:
    from aws_org_sandbox.organization import Organization
    from deployer.settings import Config

PROGRAM = "deployer sandbox"
OWN_VARIABLES = ("DEPLOYER_LEDGER", "DEPLOYER_URL")
"""They name parts of a real installation."""

Snapshot = Annotated[
    Path | None,
    typer.Option(
        "--organization", metavar="FILE", help="Snapshot of the organization to copy, instead of the example."
    ),
]
ConfigOfCopy = Annotated[
    Path | None,
    typer.Option("--config", metavar="DIR", help="Config folder that names central account, home region and regions."),
]


def start(
    port: sandbox.Port = process.DEFAULT_PORT,
    detach: sandbox.Detach = False,
    time_scale: sandbox.TimeScale = process.TIME_SCALE,
    organization: Snapshot = None,
    config: ConfigOfCopy = None,
    central_account: sandbox.CentralAccount = None,
    home_region: sandbox.HomeRegion = None,
    enabled_regions: sandbox.EnabledRegions = None,
) -> None:
    """Start the sandbox, in the foreground unless --detach is given.

    With --organization it is a copy of your organization: the same OUs, accounts and states, on this machine. The
    central account of --config (or --central-account) becomes the delegated administrator of StackSets, and every
    account has the opt-in regions that the files name.

    $ deployer organization snapshot --out snapshot.json
    $ deployer sandbox start -d --organization snapshot.json --config config
    """
    if config is not None and (central_account or home_region):
        raise typer.BadParameter("names the central account and the home region already", param_hint="--config")
    copied = _read(organization) if organization else None
    further = tuple(enabled_regions or ())
    if config is None:
        initial = InitialState(
            organization=copied, central_account=central_account, home_region=home_region, enabled_regions=further
        )
    else:
        initial = _initial_state(config, copied, snapshot=organization, further=further)
    sandbox.run_sandbox(initial, port=port, detach=detach, time_scale=time_scale, program=PROGRAM)


def env(account: sandbox.AccountId = None, undo: sandbox.Undo = False) -> None:
    """Print the commands that point a shell at the sandbox, for `eval "$(deployer sandbox env)"`.

    They unset what would lead elsewhere: profiles, session tokens, other endpoints and proxies. --undo restores it.
    """
    sandbox.print_environment(account, undo=undo, others=OWN_VARIABLES)


def _read(file: Path) -> Organization:
    step = f"`deployer organization snapshot --out {file.as_posix()}` writes it."
    return snapshots.parse(read_text(file, argument="--organization", next_step=step), source=name_of(file))


def _initial_state(
    directory: Path, organization: Organization | None, *, snapshot: Path | None, further: tuple[str, ...]
) -> InitialState:
    """What the config files name; raises ConfigurationError or WrongOrganizationError if the snapshot contradicts."""
    from deployer import settings

    config = settings.load(directory)
    if organization is not None and snapshot is not None:
        _check_fit(config, organization, snapshot=name_of(snapshot))
    return InitialState(
        organization=organization,
        central_account=config.central_account,
        home_region=config.home_region,
        enabled_regions=(*_regions_of(config), *further),
    )


def _check_fit(config: Config, organization: Organization, *, snapshot: str) -> None:
    from deployer.errors import WrongOrganizationError
    from deployer.settings.problems import InvalidConfigurationError

    if config.organization_id not in {None, organization.id}:
        raise WrongOrganizationError(
            f"{snapshot} is of organization {organization.id}, but {config.source.file} names {config.organization_id}",
            next_step="Use a snapshot of that organization, or another config folder.",
        )
    found = organization.accounts.get(config.central_account)
    if found is None or not found.is_active:
        state = f"is {found.state} in {snapshot}" if found else f"is not in {snapshot}"
        problem = config.source.problem(("central", "account"), f"{config.central_account} {state}")
        raise InvalidConfigurationError([problem])


def _regions_of(config: Config) -> tuple[str, ...]:
    named = [region for file in config.layer_files() for region in file.layer.get("regions") or ()]
    return tuple(dict.fromkeys(named))
