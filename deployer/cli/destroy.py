"""`deployer destroy`: take everything back but the ledger and the repositories."""

from __future__ import annotations

from typing import Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, Profile, Yes
from deployer.cli.printing import confirm, print_json, print_lines


def destroy(
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    yes: Yes = False,
    delete_ledger: Annotated[bool, typer.Option("--delete-ledger", help="Delete the ledger too, for good.")] = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Remove StackSets, stacks and artifacts from the whole organization, in reverse order of the roll-out.

    Shows what goes and asks. The ledger stays unless --delete-ledger is said; repositories always stay. Cut off
    anywhere, it is finished by running it again.
    """
    from deployer import destroy as destroying
    from deployer.composition import Ask, assemble
    from deployer.rendering_live import reporter
    from deployer.rendering_removal import removal_document, removal_lines, removal_outcome_lines

    situation = assemble(Ask(config=config, profile=profile))
    organization = situation.organization
    found = situation.removal(delete_ledger=delete_ledger)
    print_lines(removal_lines(found, organization, caller=situation.caller), err=as_json)
    if found.is_empty:
        if as_json:
            print_json(removal_document(found, None, organization))
        return
    confirm("Remove all of this?", yes=yes, command="deployer destroy")
    with reporter(organization) as report:
        outcome = destroying.destroy(found, situation.cloud, report, bucket=situation.bucket, ledger=situation.ledger)
    if as_json:
        print_json(removal_document(found, outcome, organization))
    else:
        print_lines(removal_outcome_lines(outcome, organization))
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
