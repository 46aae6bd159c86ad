"""`deployer policy`: the smallest IAM policy for the commands that a person or a pipeline runs."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, one_of
from deployer.cli.printing import print_json, print_lines
from deployer.errors import ConfigurationError
from templates.operator_policy import COMMANDS, LARGEST_POLICY, operator_policy, size_of

_TOO_LARGE = f"the inline policies of a role have at most {LARGEST_POLICY:,}. Create a role for each of the policies."


def policy(
    names: Annotated[list[str], typer.Argument(metavar="POLICY", help=", ".join(COMMANDS), parser=one_of(COMMANDS))],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
) -> None:
    """Print the smallest IAM policy for commands, as JSON, with the names of the config files.

    look: plan, status, validate, init and organization. Several policies are printed as one. Needs no credentials.
    docs/operator-policy.md has each with the reasons.

    $ deployer policy look
    $ deployer policy look verify
    """
    from deployer import settings
    from deployer.rendering.text import wrapped

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
