"""`deployer rollout`: plan, ask, apply, tell the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import rollout_options as options
from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Json,
    Org,
    Ous,
    Profile,
    Regions,
    Yes,
    check_scope,
    clock_of,
)
from deployer.cli.printing import confirm, print_json, print_lines

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deployer.clock import Clock
    from deployer.composition.rollout import Ask, Situation
    from deployer.planning.plan import Plan
    from deployer.rollout.operations import IfBusy
    from deployer.rollout.progress import Report

AllowDelete = Annotated[
    int | None,
    typer.Option(
        "--allow-delete", metavar="N", min=0, help="Allow up to N stack instances to be deleted; else 10, or 10 %."
    ),
]
RESUME = "deployer rollout --resume"


def rollout(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    org: Org = False,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    resume: options.Resume = False,
    only_failed: options.OnlyFailed = False,
    yes: Yes = False,
    allow_delete: AllowDelete = None,
    if_busy: options.WhenBusy = "wait",
    break_lock: options.BreakLock = False,
    max_concurrent: options.MaxConcurrent = None,
    failure_tolerance: options.FailureTolerance = None,
    concurrency_mode: options.Mode = None,
    region_concurrency: options.RegionsAtOnce = None,
    region_order: options.RegionOrder = None,
    no_waves: options.NoWaves = False,
    profile: Profile = None,
    log_format: options.Log = options.LogFormat.TEXT,
    as_json: Json = False,
) -> None:
    """Bring the organization, or a part of it, to what the config files say.

    Shows the plan, asks, applies, and reads back whether every wanted stack instance is CURRENT. Cut off anywhere, it
    is finished by running it again; run twice, it changes nothing.

    Exits 0 only if everything is as wanted, 1 if something is not, 9 if another roll-out is under way, 10 if there are
    more deletions than --allow-delete lets go, 12 if the answer was no. docs/rollout.md has them all.

    $ deployer rollout --org
    $ deployer rollout --ou Workloads/Dev --region eu-west-1
    $ deployer rollout --resume
    """
    _check_usage(org=org, ous=ou, accounts=account, regions=region, resume=resume, only_failed=only_failed)
    values = options.rollout_values(
        max_concurrent=max_concurrent,
        failure_tolerance=failure_tolerance,
        mode=concurrency_mode,
        regions_at_once=region_concurrency,
        region_order=region_order,
        no_waves=no_waves,
    )
    from deployer.cli.progress import json_errors
    from deployer.composition.rollout import Ask

    ask = Ask(
        config=config,
        profile=profile,
        ous=ou or (),
        accounts=account or (),
        regions=region or (),
        resume=resume,
        rollout=values,
    )
    manner = _Manner(
        clock=clock_of(context),
        only_failed=only_failed,
        yes=yes,
        allow_delete=allow_delete,
        if_busy=if_busy,
        break_lock=break_lock,
        log_format=log_format,
        as_json=as_json,
    )
    with json_errors(log_format, clock=manner.clock):
        code = _roll_out(ask, manner)
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    clock: Clock
    only_failed: bool
    yes: bool
    allow_delete: int | None
    if_busy: IfBusy
    break_lock: bool
    log_format: options.LogFormat
    as_json: bool


def _roll_out(ask: Ask, manner: _Manner) -> int:
    from deployer.composition.rollout import assemble

    situation = assemble(ask, clock=manner.clock)
    situation.lock.look()
    if not manner.break_lock:
        situation.lock.check()
    situation, plan = _plan(situation, manner)
    if not (manner.as_json and manner.log_format is options.LogFormat.JSON):  # then neither stream is for text
        _show(plan, situation, as_json=manner.as_json)
    if not plan.is_empty:
        _allowed(plan, manner)
        confirm("Roll this out?", yes=manner.yes, command="deployer rollout")
    return _apply(situation, plan, manner)


def _allowed(plan: Plan, manner: _Manner) -> Plan:
    """The plan; raises GuardError if it deletes more than the caller let it."""
    from deployer.planning.guards import check_deletions

    check_deletions(plan, allowed=manner.allow_delete)
    return plan


def _plan(situation: Situation, manner: _Manner) -> tuple[Situation, Plan]:
    with _followed(situation, manner) as report:
        if manner.only_failed:
            situation = situation.only_failed()
        return situation, situation.plan_when_free(report, if_busy=manner.if_busy)


def _followed(situation: Situation, manner: _Manner) -> AbstractContextManager[Report]:
    from deployer.cli.progress import followed

    return followed(situation.organization, clock=manner.clock, log_format=manner.log_format, command=RESUME)


def _check_usage(
    *,
    org: bool,
    ous: list[str] | None,
    accounts: list[str] | None,
    regions: list[str] | None,
    resume: bool,
    only_failed: bool,
) -> None:
    if resume and (org or ous or accounts or regions):
        raise typer.BadParameter("has the scope of the last roll-out; leave the others out", param_hint="--resume")
    if not resume and (org or not only_failed):
        check_scope(org=org, ous=ous, accounts=accounts)


def _show(plan: Plan, situation: Situation, *, as_json: bool) -> None:
    from deployer.rendering.plan import plan_lines
    from deployer.rendering.waves import course_lines

    organization = situation.organization
    print_lines(plan_lines(plan, organization, caller=situation.caller), err=as_json)
    print_lines(course_lines(plan, situation.waves, situation.rollout.preferences), err=as_json)


def _apply(situation: Situation, plan: Plan, manner: _Manner) -> int:
    from deployer.rendering.outcome import outcome_lines
    from deployer.rendering.plan_json import outcome_document
    from deployer.rollout.execution import roll_out
    from deployer.rollout.patience import roll_out_again

    course = situation.course(if_busy=manner.if_busy)
    with _followed(situation, manner) as report:
        outcome = roll_out(plan, situation.wanted.bundle, situation.cloud, report, course=course)
        outcome = roll_out_again(
            outcome,
            lambda: roll_out(
                _allowed(situation.plan(), manner), situation.wanted.bundle, situation.cloud, report, course=course
            ),
            report,
            sleep=situation.cloud.clock.sleep,
        )
    if manner.as_json:
        print_json(outcome_document(outcome, plan, situation.organization, caller=situation.caller))
    elif not plan.is_empty:
        print_lines(outcome_lines(outcome, plan, situation.organization))
    return outcome.exit_code
