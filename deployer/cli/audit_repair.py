"""`deployer audit repair`: restores the settings and tags of repositories, and deletes blank ones on request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.audit_scope import DEFAULT_GRACE, Grace, Repository, length_of
from deployer.cli.options import (
    DEFAULT_CONFIG_DIRECTORY,
    Accounts,
    ConfigDirectory,
    Json,
    Ous,
    Profile,
    Regions,
    Yes,
    clock_of,
)
from deployer.cli.printing import confirm, print_json, print_lines

if TYPE_CHECKING:
    from deployer.composition.drift import Audit
    from deployer.drift.findings import Report
    from deployer.drift.repairing import RepairPlan, RepairResult


def repair(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    repository: Repository = None,
    delete_blank: Annotated[
        bool, typer.Option("--delete-blank", help="Also delete blank repositories, after a question for each.")
    ] = False,
    grace: Grace = DEFAULT_GRACE,
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Restore the settings that apply today on repositories that drifted.

    Reads repositories as `audit verify` does, then shows every change and asks. Changes only repositories that
    deployer created or a person adopted: a record in the ledger has their tag, or, if that was removed, their time of
    creation. Encryption cannot be changed, and differences are listed. --delete-blank needs `cleanup: true` in
    organization.yaml; it deletes no adopted repository, and ECR none that has an image.
    """
    from deployer.composition.drift import AuditRequest, check_cleanup, open_audit
    from deployer.drift.findings import Report
    from deployer.drift.repairing import plan_repairs
    from deployer.drift.verification import audit_accounts
    from deployer.rendering.audit_progress import progress
    from deployer.rendering.drift import unread_lines
    from deployer.rendering.repair import plan_lines, repair_document, result_count_lines

    now = clock_of(context).now()
    request = AuditRequest(
        config=config,
        profile=profile,
        ous=ou or (),
        accounts=account or (),
        regions=region or (),
        repositories=[repository] if repository else [],
        grace=length_of(grace, option="--grace"),
    )
    audit = open_audit(request, now=now)
    if delete_blank:
        check_cleanup(audit)
    with progress() as report_progress:
        found = audit_accounts(audit.accounts, audit.auditor.audit_account, report=report_progress, stop=audit.stop)
    report = Report(accounts=found)
    plan = plan_repairs(report, delete_blank=delete_blank)
    print_lines(plan_lines(plan, audit.organization), err=as_json)
    done = [*_repair(audit, plan, yes=yes), *_clean(audit, plan, yes=yes)]
    if as_json:
        print_json(repair_document(plan, done, audit.organization))
    else:
        print_lines(result_count_lines(done))
    print_lines(unread_lines(report, audit.organization), err=True)
    _check_complete(report, done)


def _check_complete(report: Report, done: list[RepairResult]) -> None:
    """Raise IncompleteError if something could not be read or repaired."""
    from deployer.errors import IncompleteError
    from deployer.words import counted

    failed, unread = sum(one.status == "failed" for one in done), len(list(report.unread()))
    if failed or unread:
        shown = [
            *([f"{failed:,} of {counted(len(done), 'repair')} failed"] if failed else []),
            *([f"{unread:,} could not be read"] if unread else []),
        ]
        raise IncompleteError(
            f"{' and '.join(shown)}; the lines above have the reasons",
            next_step="Run the command again; repeated changes are harmless.",
        )


def _repair(audit: Audit, plan: RepairPlan, *, yes: bool) -> list[RepairResult]:
    from deployer.composition.drift import open_releases, open_repairer
    from deployer.drift.repairing import repair as repair_all

    if not plan.changes_something:
        return []
    confirm("Repair these?", yes=yes)
    return repair_all(
        plan.repairs,
        open_repairer(audit),
        is_released=open_releases(audit),
        report=lambda one: _print_result(one, audit),
    )


def _clean(audit: Audit, plan: RepairPlan, *, yes: bool) -> list[RepairResult]:
    """Delete blank repositories, each after its own confirmation."""
    from deployer.composition.drift import open_cleaner
    from deployer.drift.repairing import clean
    from deployer.errors import DeclinedError
    from deployer.rendering.repair import title

    done: list[RepairResult] = []
    if not plan.blank:
        return done
    open_registry = open_cleaner(audit)
    for checked in plan.blank:
        try:
            question = f"Delete {title(checked, audit.organization)}?"
            confirm(question, yes=yes)
        except DeclinedError:
            continue
        done.append(clean(checked, open_registry))
        _print_result(done[-1], audit)
    return done


def _print_result(result: RepairResult, audit: Audit) -> None:
    from deployer.rendering.repair import result_lines

    print_lines(result_lines(result, audit.organization), err=True)
