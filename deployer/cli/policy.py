"""`deployer policy`: the smallest IAM policy for the commands that a person or a pipeline runs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory
from deployer.cli.printing import print_json
from deployer.errors import ConfigurationError


class Policy(StrEnum):
    """The policies, by the commands that each is for (`templates.operator_policy.COMMANDS`)."""

    LOOK = "look"
    AUDIT = "audit"
    VERIFY = "verify"
    REPAIR = "repair"
    DOCTOR = "doctor"
    PROBE = "probe"
    ROLLOUT = "rollout"
    DESTROY = "destroy"
    DELETE_LEDGER = "delete-ledger"


def policy(
    names: Annotated[list[Policy], typer.Argument(metavar="POLICY", help=", ".join(Policy))],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
) -> None:
    """Print the smallest IAM policy for commands, as JSON, with the names of the config files.

    look: plan, status, validate, init and organization. Several policies are printed as one. Needs no credentials.
    docs/operator-policy.md has each with the reasons.

    $ deployer policy look
    $ deployer policy look verify
    """
    from deployer import settings
    from templates.operator_policy import operator_policy

    installation = settings.load(config)
    if not installation.organization_id:
        raise ConfigurationError(
            f"{config.as_posix()}/organization.yaml does not name the organization, which policies do",
            next_step="Add `organization: o-...` to it: `deployer organization show` prints the id.",
        )
    print_json(operator_policy(installation.names(), *names))
