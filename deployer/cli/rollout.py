"""`deployer rollout`: plan, confirm, apply, and read back the result."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import rollout_options as options
from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Everything,
    Json,
    Org,
    Ous,
    Profile,
    Regions,
    Yes,
    check_scope,
    clock_of,
)
from deployer.cli.printing import confirm, json_text, print_json, print_lines

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deployer.clock import Clock
    from deployer.composition.rollout import Comparison, RolloutContext, RolloutRequest
    from deployer.organization import Organization
    from deployer.planning.plan import Plan
    from deployer.rendering.plan_file import PlanFile
    from deployer.rollout.operations import IfBusy
    from deployer.rollout.progress import Report
    from deployer.rollout.result import RolloutResult

AllowDelete = Annotated[
    int | None,
    typer.Option(
        "--allow-delete", metavar="N", min=0, help="Allow up to N stack instances to be deleted; else 10, or 10 %."
    ),
]
PlanFileOption = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Carry out exactly the plan that `plan --out` wrote, or nothing."),
]


def rollout(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    org: Org = False,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    plan: PlanFileOption = None,
    resume: options.Resume = False,
    only_failed: options.OnlyFailed = False,
    deep: options.Deep = False,
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
    everything: Everything = False,
    as_json: Json = False,
) -> None:
    """Deploy the config files to the organization, or to a part of it.

    Shows the plan, asks, applies, and reads back whether every desired stack instance is CURRENT. If it is interrupted,
    run it again to resume. A repeated run changes nothing.

    Exits 0 only if everything is in sync, 1 if something is not, 9 if another roll-out is in progress, 10 for more
    deletions than --allow-delete permits, 12 if the answer was no, 27 if the plan of --plan no longer applies.
    `deployer docs troubleshooting` has all exit codes.

    $ deployer rollout --org
    $ deployer rollout --ou Workloads/Dev --region eu-west-1
    $ deployer rollout --resume
    """
    if plan is None:
        _check_usage(org=org, ous=ou, accounts=account, regions=region, resume=resume, only_failed=only_failed)
    values = options.rollout_values(
        max_concurrent=max_concurrent,
        failure_tolerance=failure_tolerance,
        mode=concurrency_mode,
        regions_at_once=region_concurrency,
        region_order=region_order,
        no_waves=no_waves,
    )
    if plan is not None and (org or ou or account or region or resume or only_failed or values):
        raise typer.BadParameter("the file has the scope, and organization.yaml the speed", param_hint="--plan")
    from deployer.cli.progress import json_errors, summarized
    from deployer.composition.rollout import RolloutRequest

    request = RolloutRequest(
        config=config,
        profile=profile,
        ous=ou or (),
        accounts=account or (),
        regions=region or (),
        resume=resume,
        only_failed=only_failed,
        deep=deep,
        rollout=values,
        takes_lock=True,
    )
    command_options = _CommandOptions(
        clock=clock_of(context),
        yes=yes,
        allow_delete=allow_delete,
        if_busy=if_busy,
        break_lock=break_lock,
        log_format=log_format,
        everything=everything,
        as_json=as_json,
    )
    with json_errors(log_format, clock=command_options.clock), summarized(log_format, clock=command_options.clock):
        if plan is not None:
            file = _read(plan)
            request = replace(request, file=file, deep=deep or file.is_deep)
        code = _roll_out(request, command_options)
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CommandOptions:
    clock: Clock
    yes: bool
    allow_delete: int | None
    if_busy: IfBusy
    break_lock: bool
    log_format: options.LogFormat
    everything: bool
    as_json: bool


def _read(file: Path) -> PlanFile:
    from deployer.cli.input_files import name_of, read_text
    from deployer.rendering.plan_file import PlanFile

    return PlanFile.from_json(read_text(file, argument="--plan"), source=name_of(file))


def _roll_out(request: RolloutRequest, command_options: _CommandOptions) -> int:
    from deployer.composition.assembly import assemble

    rollout_context = assemble(request, clock=command_options.clock)
    if not command_options.break_lock:
        rollout_context.lock.check()
    rollout_context, plan = _plan(rollout_context, command_options)
    if not (
        command_options.as_json and command_options.log_format is options.LogFormat.JSON
    ):  # then neither stream is for text
        _show(plan, rollout_context, as_json=command_options.as_json, everything=command_options.everything)
    if not plan.is_empty:
        _allowed(plan, command_options)
        confirm("Roll this out?", yes=command_options.yes)
        if request.file is not None and not command_options.yes:  # the answer may have taken long
            rollout_context, plan = _plan(rollout_context, command_options)
    from deployer.planning.guards import check_read

    code = _apply(rollout_context, plan, command_options)
    if not code:
        check_read(plan)
    return code


def _allowed(plan: Plan, command_options: _CommandOptions) -> Plan:
    """The plan; raises GuardError if it deletes more than the caller let it."""
    from deployer.planning.guards import check_deletions

    check_deletions(plan, allowed=command_options.allow_delete)
    return plan


def _plan(rollout_context: RolloutContext, command_options: _CommandOptions) -> tuple[RolloutContext, Plan]:
    with _followed(rollout_context, command_options) as report:
        rollout_context, found = rollout_context.compare_when_free(report, if_busy=command_options.if_busy)
    file = rollout_context.request.file
    return (rollout_context, found.plan) if file is None else _approved(rollout_context, file, found, command_options)


def _approved(
    rollout_context: RolloutContext, file: PlanFile, found: Comparison, command_options: _CommandOptions
) -> tuple[RolloutContext, Plan]:
    """The plan of the file; raises PlanOutdatedError if it is not what would be planned now."""
    from deployer.errors import PlanOutdatedError
    from deployer.rendering.plan_file import difference_document, difference_lines, difference_text
    from deployer.words import counted

    rollout_context, plan, changed = rollout_context.approved_by(file, found)
    if not changed:
        return rollout_context, plan
    organization = rollout_context.organization
    if command_options.log_format is not options.LogFormat.JSON:
        print_lines(difference_lines(changed, organization), err=True)
    if command_options.as_json:
        print_json(difference_document(changed))
    raise PlanOutdatedError(
        f"{file.source} no longer applies: {counted(len(changed), 'difference')} since {file.created}, as"
        f" {changed[0].section}: {difference_text(changed[0], organization)}. Nothing was changed",
        next_step="Plan again with `deployer plan --out FILE`, and have that plan approved.",
    )


def _followed(rollout_context: RolloutContext, command_options: _CommandOptions) -> AbstractContextManager[Report]:
    from deployer.cli.progress import followed

    return followed(
        rollout_context.organization,
        clock=command_options.clock,
        log_format=command_options.log_format,
        command=lambda: _resuming(rollout_context),
    )


def _resuming(rollout_context: RolloutContext) -> str:
    """The command that continues: `--resume` once the record of this roll-out exists, else the same command."""
    request = rollout_context.request
    scope = [
        *(["--only-failed"] if request.only_failed else []),
        *(word for ou in request.ous for word in ("--ou", ou)),
        *(word for account in request.accounts for word in ("--account", account)),
    ]
    regions = [word for region in request.regions for word in ("--region", region)]
    words = ["--plan", request.file.source] if request.file else [*(scope or ["--org"]), *regions]
    if request.resume or rollout_context.lock.was_taken:
        words = ["--resume"]
    deep = ["--deep"] if request.deep and not request.file else []
    config = ["--config", str(request.config)] if request.config != DEFAULT_CONFIG_DIRECTORY else []
    profile = ["--profile", request.profile] if request.profile else []
    return shlex.join(["deployer", "rollout", *words, *deep, *config, *profile])


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


def _show(plan: Plan, rollout_context: RolloutContext, *, as_json: bool, everything: bool) -> None:
    from deployer.rendering.plan import plan_lines
    from deployer.rendering.waves import Course

    course = Course(waves=rollout_context.waves, preferences=rollout_context.rollout.preferences)
    lines = plan_lines(
        plan, rollout_context.organization, caller=rollout_context.caller, course=course, everything=everything
    )
    print_lines(lines, err=as_json)


def _apply(rollout_context: RolloutContext, plan: Plan, command_options: _CommandOptions) -> int:
    from deployer.rendering.outcome import outcome_lines, url_lines
    from deployer.rendering.plan_json import outcome_document
    from deployer.rollout.execution import roll_out
    from deployer.rollout.retries import retry_rollout

    execution_options = rollout_context.execution_options(plan, if_busy=command_options.if_busy)
    with _followed(rollout_context, command_options) as report:
        outcome = roll_out(
            plan, rollout_context.deployment.bundle, rollout_context.cloud, report, options=execution_options
        )
        outcome = retry_rollout(
            outcome,
            lambda: roll_out(
                _allowed(rollout_context.plan(), command_options),
                rollout_context.deployment.bundle,
                rollout_context.cloud,
                report,
                options=execution_options,
            ),
            report,
            sleep=rollout_context.cloud.clock.sleep,
        )
    _conclude(outcome, plan, rollout_context.organization, command_options)
    url = rollout_context.url() if plan.function_url == "deployed" and outcome.exit_code == 0 else None
    if command_options.as_json:
        print_json(
            outcome_document(outcome, plan, rollout_context.organization, caller=rollout_context.caller, url=url)
        )
    elif not plan.is_empty:
        is_unfinished = rollout_context.is_part_of_unfinished
        print_lines(outcome_lines(outcome, plan, rollout_context.organization, is_unfinished=is_unfinished))
    if url and not command_options.as_json:
        print_lines(url_lines(url))
    return outcome.exit_code


def _conclude(outcome: RolloutResult, plan: Plan, organization: Organization, command_options: _CommandOptions) -> None:
    """The end as a JSON line, if lines are JSON, and the summary of a step in GitHub Actions."""
    import os

    from deployer.cli.progress import print_warning
    from deployer.cli.step_summary import append_summary
    from deployer.rendering.events_json import ended_document
    from deployer.rendering.step_summary import outcome_markdown

    clock, log_format = command_options.clock, command_options.log_format
    if warning := append_summary(outcome_markdown(outcome, plan, organization), os.environ):
        print_warning(warning, log_format=log_format, clock=clock)
    if log_format is options.LogFormat.JSON:
        typer.echo(json_text(ended_document(outcome, organization, at=clock.now())), err=True)
