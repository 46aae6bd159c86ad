"""`deployer audit repair`: drifted repositories brought back to their settings, and blank ones deleted if asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.audit_verify import DEFAULT_GRACE, Grace, Repository, grace_of
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
    from deployer.drift.repairing import Mended, RepairPlan


def repair(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    repository: Repository = None,
    delete_blank: Annotated[
        bool, typer.Option("--delete-blank", help="Also delete blank repositories, asking about each.")
    ] = False,
    grace: Grace = DEFAULT_GRACE,
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Bring repositories that drifted back to the settings that hold for them today.

    Looks first, as `audit verify` does, then shows every change and asks. Touches only repositories that deployer
    created: our tag on them and a record in the ledger. Encryption cannot be changed, and is said to be left.
    --delete-blank needs `cleanup: true` in organization.yaml; ECR refuses to delete what holds an image.
    """
    from deployer.composition.drift import AuditRequest, check_cleanup, open_audit
    from deployer.drift.repairing import plan_repairs
    from deployer.drift.verification import verify
    from deployer.rendering.drift import unread_lines
    from deployer.rendering.looking import progress
    from deployer.rendering.repair import closing_lines, plan_lines, repair_document

    now = clock_of(context).now()
    request = AuditRequest(
        config=config,
        profile=profile,
        ous=ou or (),
        accounts=account or (),
        regions=region or (),
        repositories=repository,
        grace=grace_of(grace),
    )
    audit = open_audit(request, now=now)
    if delete_blank:
        check_cleanup(audit)
    with progress() as tell:
        report = verify(audit.accounts, audit.looker.look_through, report=tell)
    plan = plan_repairs(report, delete_blank=delete_blank)
    print_lines(plan_lines(plan, audit.organization), err=as_json)
    done = [*_repair(audit, plan, yes=yes), *_clean(audit, plan, yes=yes)]
    if as_json:
        print_json(repair_document(plan, done, audit.organization))
    else:
        print_lines(closing_lines(done))
    print_lines(unread_lines(report, audit.organization), err=True)
    _check_complete(report, done)


def _check_complete(report: Report, done: list[Mended]) -> None:
    """Raise IncompleteError where a part could not be looked at or repaired."""
    from deployer.errors import IncompleteError
    from deployer.words import counted

    failed, unread = sum(one.fate == "failed" for one in done), len(list(report.unread()))
    if failed or unread:
        told = [
            *([f"{failed:,} of {counted(len(done), 'repair')} failed"] if failed else []),
            *([f"{counted(unread, 'place')} not looked at"] if unread else []),
        ]
        raise IncompleteError(
            f"{' and '.join(told)}; the lines above say why",
            next_step="What is changed twice is the same: run it again.",
        )


def _repair(audit: Audit, plan: RepairPlan, *, yes: bool) -> list[Mended]:
    from deployer.composition.drift import open_repairer
    from deployer.drift.repairing import repair as repair_all

    if not plan.changes_something:
        return []
    confirm("Repair these?", yes=yes, command="deployer audit repair")
    return repair_all(plan.repairs, open_repairer(audit), report=lambda one: _tell(one, audit))


def _clean(audit: Audit, plan: RepairPlan, *, yes: bool) -> list[Mended]:
    """Blank repositories, each after a yes of its own."""
    from deployer.composition.drift import open_cleaner
    from deployer.drift.repairing import clean
    from deployer.errors import DeclinedError
    from deployer.rendering.repair import title

    done: list[Mended] = []
    if not plan.blank:
        return done
    open_registry = open_cleaner(audit)
    for checked in plan.blank:
        try:
            question = f"Delete {title(checked, audit.organization)}?"
            confirm(question, yes=yes, command="deployer audit repair --delete-blank")
        except DeclinedError:
            continue
        done.append(clean(checked, open_registry))
        _tell(done[-1], audit)
    return done


def _tell(mended: Mended, audit: Audit) -> None:
    from deployer.rendering.repair import mended_lines

    print_lines(mended_lines(mended, audit.organization), err=True)
