"""`deployer policy`: the smallest IAM policies for commands, and policies of the organization against other pushers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, OrganizationFile, Profile, one_of
from deployer.cli.printing import print_json, print_lines
from deployer.errors import ConfigurationError
from templates.operator_policy import COMMANDS, LARGEST_POLICY, operator_policy, size_of

GUARD = "guard"
_TOO_LARGE = f"the inline policies of a role have at most {LARGEST_POLICY:,}. Create a role for each of the policies."


def policy(
    names: Annotated[
        list[str],
        typer.Argument(metavar="POLICY", help=", ".join([*COMMANDS, GUARD]), parser=one_of([*COMMANDS, GUARD])),
    ],
    ou: Annotated[
        str | None,
        typer.Option("--ou", metavar="OU", help="Path or id of the OU that guard is for, if several are native."),
    ] = None,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
) -> None:
    """Print the smallest IAM policy for commands, as JSON, with the names of the config files.

    look: plan, status, validate, init and organization. Several policies are printed as one. Needs no credentials.
    docs/operator-policy.md has each with the reasons.

    guard: a resource control policy and a service control policy for an OU with engine: native, against pushers whom
    its settings do not permit to create repositories. Nothing is attached. docs/guard.md has the details.

    $ deployer policy look
    $ deployer policy look verify
    """
    from deployer import settings
    from deployer.rendering.text import wrapped

    if GUARD in names:
        if names != [GUARD]:
            raise typer.BadParameter(f"{GUARD} is printed alone: it is not for a role", param_hint="POLICY")
        _print_guard(config, organization, ou=ou, profile=profile)
        return
    if ou is not None or organization is not None:
        raise typer.BadParameter(f"is for {GUARD} only", param_hint="--ou" if ou else "--organization")
    installation = settings.load(config)
    if not installation.organization_id:
        raise ConfigurationError(
            f"{config.as_posix()}/organization.yaml does not name the organization, which policies do",
            next_step="Add `organization: o-...` to it: `deployer organization show` prints the id.",
        )
    document = operator_policy(installation.names(), *names)
    print_json(document)
    if (size := size_of(document)) > LARGEST_POLICY:
        print_lines(wrapped(f"{size:,} characters: {_TOO_LARGE}", indent=0), err=True)


def _print_guard(config: Path, organization: Path | None, *, ou: str | None, profile: str | None) -> None:
    from deployer.cli.sources import compiled_from
    from deployer.rendering.text import wrapped
    from deployer.settings.guarding import guard_for
    from templates.guard import LARGEST, sizes

    guarded = guard_for(compiled_from(config, organization, profile=profile), ou)
    print_json(guarded.document())
    for kind, size in sizes(guarded.guard).items():
        if size > LARGEST:
            text = f"The {kind} has {size:,} characters, and AWS allows {LARGEST:,}: use fewer or shorter globs."
            print_lines(wrapped(text, indent=0), err=True)
