"""`deployer rollout`: plan, ask, apply, tell the truth."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, Profile, Yes
from deployer.cli.printing import confirm, print_json, print_lines
from deployer.cli.scope_options import Accounts, Org, Ous, Regions, check_scope

if TYPE_CHECKING:
    from deployer.composition import Situation
    from deployer.planning import Plan

AllowDelete = Annotated[
    int | None,
    typer.Option("--allow-delete", metavar="N", min=0, help="Let up to N stack instances go (10, or 10 % otherwise)."),
]


def rollout(
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    org: Org = False,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    yes: Yes = False,
    allow_delete: AllowDelete = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Bring the organization, or a part of it, to what the config files say.

    Shows the plan, asks, applies, and reads back whether every wanted stack instance is CURRENT. Cut off anywhere, it
    is finished by running it again; run twice, it changes nothing. Exits 0 only if everything is as wanted.
    """
    check_scope(org=org, ous=ou, accounts=account)
    from deployer.composition import Ask, assemble
    from deployer.rendering_plan import plan_lines

    situation = assemble(
        Ask(config=config, profile=profile, ous=ou or (), accounts=account or (), regions=region or ())
    )
    found = situation.plan()
    print_lines(plan_lines(found, situation.organization, caller=situation.caller), err=as_json)
    if not found.is_empty:
        from deployer.guards import check_deletions

        check_deletions(found, allowed=allow_delete)
        confirm("Roll this out?", yes=yes, command="deployer rollout")
    code = _apply(situation, found, as_json=as_json)
    if code:
        raise typer.Exit(code)


def _apply(situation: Situation, plan: Plan, *, as_json: bool) -> int:
    from deployer.rendering_live import reporter
    from deployer.rendering_outcome import outcome_lines
    from deployer.rendering_plan_json import outcome_document
    from deployer.rollout import roll_out

    with ExitStack() as stack:
        report = stack.enter_context(reporter(situation.organization))
        outcome = roll_out(plan, situation.wanted.bundle, situation.cloud, report)
    if as_json:
        print_json(outcome_document(outcome, plan, situation.organization, caller=situation.caller))
    elif not plan.is_empty:
        print_lines(outcome_lines(outcome, plan, situation.organization))
    return outcome.exit_code
