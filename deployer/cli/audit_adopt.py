"""`deployer audit adopt`: makes repositories that somebody else created repositories of deployer, and releases them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

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
    from deployer.clock import Clock
    from deployer.composition.drift import Audit
    from deployer.drift.adopting import AdoptionPlan, AdoptionResult
    from deployer.drift.findings import Report


def adopt(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Repositories, by name or glob, such as 'legacy/**'.")
    ],
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    ou: Ous = None,
    account: Accounts = None,
    region: Regions = None,
    release: Annotated[bool, typer.Option("--release", help="Undo adoptions instead: deployer leaves them alone.")] = (
        False
    ),
    yes: Yes = False,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Adopt repositories that somebody else created, so that audit verify and repair include them.

    Shows them first, with what audit repair would then change and which names the rules would refuse, and asks. Writes
    a record to the ledger and sets the ownership tags, and changes nothing else. deployer never deletes an adopted
    repository. Repeating an interrupted run completes it.

    $ deployer audit adopt --account shop-prod --region eu-west-1 legacy/api
    $ deployer audit adopt --ou Workloads/Prod 'legacy/**'
    $ deployer audit adopt --release --account shop-prod legacy/api
    """
    from deployer.composition.drift import AuditRequest, open_audit
    from deployer.rendering.adoption import adoption_document, adoption_lines, closing_lines
    from deployer.rendering.drift import unread_lines

    if not all(names):
        raise typer.BadParameter("is empty", param_hint="NAME")
    clock = clock_of(context)
    request = AuditRequest(
        config=config,
        profile=profile,
        ous=ou or (),
        accounts=account or (),
        regions=region or (),
        repositories=names,
        grace=timedelta(),
        reads_uncovered=bool(account) and not ou,
    )
    audit = open_audit(request, now=clock.now())
    plan, report = _plan(audit, names, release=release)
    print_lines(adoption_lines(plan, audit.organization), err=as_json)
    done = _carry_out(audit, plan, clock=clock, yes=yes)
    if as_json:
        print_json(adoption_document(plan, done, audit.organization))
    else:
        print_lines(closing_lines(plan, done))
    print_lines(unread_lines(report, audit.organization), err=True)
    _check_complete(plan, report, done)


def _plan(audit: Audit, names: list[str], *, release: bool) -> tuple[AdoptionPlan, Report]:
    """What can be adopted, and what could not be read."""
    from deployer.drift.account_adoption import AdoptionFinder
    from deployer.drift.adopting import plan_of
    from deployer.drift.findings import Report
    from deployer.drift.verification import audit_accounts
    from deployer.rendering.audit_progress import progress

    finder = AdoptionFinder(
        auditor=audit.auditor,
        action="release" if release else "adopt",
        probe_repository=audit.installation.names.probe_repository,
    )
    with progress() as report_progress:
        accounts = audit_accounts(audit.accounts, finder.read_account, report=report_progress, stop=audit.stop)
    found = [one for account in accounts for one in account.found]
    report = Report(accounts=accounts)
    return plan_of(finder.action, found, names=names, unread=report.unread()), report


def _carry_out(audit: Audit, plan: AdoptionPlan, *, clock: Clock, yes: bool) -> list[AdoptionResult]:
    from deployer.composition.drift import open_handler, open_repairer
    from deployer.drift.adopting import AdoptionRequests, carry_out

    if not plan.adoptions:
        return []
    confirm(f"{plan.action.capitalize()} these?", yes=yes)
    requests = AdoptionRequests(action=plan.action, principal=audit.installation.session.identity.arn, now=clock.now)
    return carry_out(
        plan.adoptions,
        requests,
        open_repairer(audit),
        open_handler(audit),
        report=lambda one: _print_result(one, audit),
    )


def _print_result(result: AdoptionResult, audit: Audit) -> None:
    from deployer.rendering.adoption import result_lines

    print_lines(result_lines(result, audit.organization), err=True)


def _check_complete(plan: AdoptionPlan, report: Report, done: list[AdoptionResult]) -> None:
    """Raise IncompleteError if a repository does not exist, or something could not be read or carried out."""
    from deployer.errors import IncompleteError
    from deployer.words import counted

    failed, unread = sum(one.status == "failed" for one in done), len(list(report.unread()))
    left = sum(one.status == "left alone" for one in done)
    total = counted(len(done), "repository", "repositories")
    problems = [
        *([f"{failed:,} of {total} failed"] if failed else []),
        *([f"{left:,} of {total} left alone"] if left else []),
        *([f"{unread:,} could not be read"] if unread else []),
        *([f"{counted(len(plan.missing), 'repository', 'repositories')} not found"] if plan.missing else []),
    ]
    if problems:
        raise IncompleteError(
            f"{' and '.join(problems)}; the lines above have the details", next_step=_next_step(report, done)
        )


def _next_step(report: Report, done: list[AdoptionResult]) -> str:
    if any(one.status in {"failed", "left alone"} for one in done) or any(
        one.may_be_temporary for one in report.unread()
    ):
        return "Run the command again; what is done already is not done again."
    if any(report.unread()):
        return "If a role is missing, `deployer rollout --org` creates it in every OU that the config files enable."
    return "Compare the names, accounts and regions with those in ECR."
