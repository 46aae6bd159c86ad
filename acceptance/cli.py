"""`python -m acceptance`: run, clean, list, sandbox. Exits 2 if an assumption is refuted, 1 for an error, else 0."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

from acceptance import journal as journals
from acceptance.catalogue import catalogue, missing, select
from acceptance.check import Check, Verdict
from acceptance.errors import AcceptanceError, LeftoversError
from acceptance.journal import PREFIX, Journal
from acceptance.lab import Lab
from acceptance.options import DEFAULT_ROLE, Options, locate
from acceptance.report import Report, Result
from acceptance.runner import available, clean, delayed_interrupts, run, termination_as_interrupt
from deployer import __version__
from deployer.clock import SYSTEM_CLOCK
from deployer.errors import INTERRUPTED_EXIT_CODE, USAGE_EXIT_CODE, DeclinedError, DeployerError

REFUTED_EXIT_CODE, DECLINED_EXIT_CODE = 2, DeclinedError.exit_code


class _Parser(argparse.ArgumentParser):
    """Does not exit with 2, which means a refuted assumption."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE_EXIT_CODE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.command(parsed)
    except (AcceptanceError, DeployerError) as error:
        say(f"Error: {error.message}")
        if error.next_step:
            say(f"  {error.next_step}")
        return error.exit_code if isinstance(error, AcceptanceError) else 1
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED_EXIT_CODE
    return code


def say(text: str) -> None:
    """Progress and errors go to stderr; a closed terminal does not prevent the cleanup."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def is_confirmed() -> bool:
    """Whether a person types `yes`."""
    say("Continue? Type yes:")
    try:
        return input().strip() == "yes"
    except EOFError:
        say("No terminal to ask for confirmation. Pass --yes to run without one.")
        return False


def run_in_aws(parsed: argparse.Namespace) -> int:
    """`run`: print the plan, ask for confirmation, run, clean up, report."""
    options = Options.of(vars(parsed))
    checks = select(parsed.only.split(","))
    clean_earlier(parsed)
    access = options.access()
    environment = locate(options, access)
    journal = Journal(journals.folder() / f"{PREFIX}{uuid4().hex[:8]}.jsonl")
    lab = Lab(
        access=access,
        environment=environment,
        journal=journal,
        folder=journal.file.with_suffix(""),
        profile=options.profile,
        report=say,
    )
    print_plan(checks, lab)
    if not parsed.yes and not is_confirmed():
        say("Nothing was created.")
        return DECLINED_EXIT_CODE
    journal.header({**options.values(), "process": os.getpid()})
    journal.hold()
    return finish(checks, lab, parsed.out)


def finish(checks: Sequence[Check], lab: Lab, out: Path) -> int:
    """Run the checks, clean up however they end, and write the report of the results so far."""
    started, results, interrupted = datetime.now(UTC), list[Result](), False
    leftovers: tuple[str, ...] = ()
    try:
        with termination_as_interrupt():
            for result in run(checks, lab):
                results.append(result)
                say(f"{result.check.id}: {result.finding.verdict}. {result.finding.why}")
    except KeyboardInterrupt:
        interrupted = True
    finally:
        with delayed_interrupts(say):
            leftovers = clean_up(lab)
    report = Report(
        results=results,
        started=started,
        version=__version__,
        is_sandbox=lab.access.is_sandbox,
        prefix=lab.prefix,
        names=(*lab.environment.names, str(Path.home())),
        leftovers=leftovers,
    )
    for file in report.write(out):
        print(file)  # noqa: T201 - the result
    return exit_code(report, interrupted=interrupted)


def clean_up(lab: Lab) -> tuple[str, ...]:
    """Remove all resources of the run; those that remain stay in the journal."""
    lab.access.renew()
    leftovers = clean(lab.journal, lab.access, say=lab.report, clock=lab.clock)
    for problem in leftovers:
        say(f"Not removed: {problem}")
    lab.journal.close()
    return leftovers


def exit_code(report: Report, *, interrupted: bool) -> int:
    if interrupted:
        return INTERRUPTED_EXIT_CODE
    if report.leftovers:
        return 1
    return REFUTED_EXIT_CODE if report.count(Verdict.REFUTED) else 0


def print_plan(checks: Sequence[Check], lab: Lab) -> None:
    """Print the resources, accounts, duration and cost of the run."""
    environment, needs = lab.environment, available(lab)
    runnable = [check for check in checks if not missing(check, needs)]
    say(
        f"Account {environment.member_account} in OU {environment.ou_path} ({environment.ou}); central account "
        f"{environment.central_account}."
    )
    say(
        f"Regions {', '.join(environment.regions)}. All names start with {lab.prefix}. All resources are removed at "
        "the end."
    )
    for check in checks:
        missing_needs = missing(check, needs)
        say(f"\n{check.id}. {check.title}")
        for line in (f"not run: needs {'; '.join(missing_needs)}",) if missing_needs else check.creates:
            say(f"    {line}")
    cost = sum((check.dollars for check in runnable), Decimal())
    minutes = sum(check.minutes for check in runnable)
    say(f"\n{len(runnable)} of {len(checks)} checks, at most ${cost}, about {minutes} minutes.")
    say(f"If this run is killed, `python -m acceptance clean` removes the resources listed in {lab.journal.file}.\n")


def clean_earlier(parsed: argparse.Namespace) -> int:
    """`clean`, and the start of every run: remove resources of earlier runs."""
    left: list[str] = []
    unfinished = journals.unfinished(journals.folder())
    if not unfinished and parsed.command is clean_earlier:
        say(f"No resources of earlier runs are listed in {journals.folder()}.")
    for journal in unfinished:
        if journal.is_in_progress:
            say(
                f"Run {journal.run} is in progress (process {journal.started_with['process']}): its resources are kept."
            )
            continue
        say(f"Run {journal.run} was interrupted: {len(journal.left())} resources may exist.")
        access = Options.of(journal.started_with).access()
        with delayed_interrupts(say):
            left += clean(journal, access, say=say, clock=SYSTEM_CLOCK)
        journal.close()
    if left:
        raise LeftoversError(
            "Not removed: " + "; ".join(left), next_step="Remove it manually, or run the command again."
        )
    return 0


def list_checks(parsed: argparse.Namespace) -> int:
    """`list`: every check with its requirements."""
    del parsed
    for check in catalogue():
        print(f"{check.id:5} {check.title}")  # noqa: T201 - the result
        for need in sorted(check.needs):
            print(f"      needs {need}")  # noqa: T201
    return 0


def run_in_sandbox(parsed: argparse.Namespace) -> int:
    """`sandbox`: all checks in a sandbox of their own."""
    from acceptance.sandbox import new_lab  # noqa: PLC0415 - loads the sandbox

    checks = select(parsed.only.split(","))
    with new_lab(report=say) as lab:
        return finish(checks, lab, parsed.out)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m acceptance",
        description="Check the assumptions of deployer about AWS (docs/contributing/acceptance.md).",
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run", help="run the checks in a test organization")
    one.set_defaults(command=run_in_aws)
    one.add_argument("--account", required=True, metavar="ID", help="the test account: a member, alone in its OU")
    one.add_argument("--ou", required=True, metavar="ID", help="the OU of the test account")
    one.add_argument("--profile", metavar="NAME", help="AWS profile of the central account")
    one.add_argument(
        "--region", metavar="REGION", help="home region of the central account; default: the region of the profile"
    )
    one.add_argument("--second-region", metavar="REGION", help="another region (default: us-east-1 or eu-west-1)")
    one.add_argument("--member-profile", metavar="NAME", help="AWS profile of the test account")
    one.add_argument(
        "--member-role",
        metavar="NAME",
        default=DEFAULT_ROLE,
        help=f"role in the test account if there is no profile (default: {DEFAULT_ROLE})",
    )
    one.add_argument("--management-profile", metavar="NAME", help="AWS profile of the management account")
    one.add_argument("--suspended-account", metavar="ID", help="a suspended account of the organization")
    one.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    two = commands.add_parser("sandbox", help="run the checks in the sandbox")
    two.set_defaults(command=run_in_sandbox)
    for command in (one, two):
        command.add_argument("--only", default="", metavar="IDS", help="run only these checks, such as A1,A3,main")
        default = Path(tempfile.gettempdir()) / "acceptance" if command is two else Path("acceptance-report")
        command.add_argument("--out", type=Path, default=default, metavar="DIR", help="folder of the report")
    commands.add_parser("clean", help="remove resources of interrupted runs").set_defaults(command=clean_earlier)
    commands.add_parser("list", help="list the checks").set_defaults(command=list_checks)
    return parser
