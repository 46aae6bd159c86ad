"""`deployer doctor`: checks the prerequisites of roll-outs and pushes, with the command that fixes each problem."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, Profile, clock_of
from deployer.cli.printing import print_json, print_lines

if TYPE_CHECKING:
    from deployer.clock import Clock

FINDINGS_EXIT_CODE = 2
DEFAULT_TIMEOUT = 300.0


def doctor(
    context: typer.Context,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    probe: Annotated[
        str | None,
        typer.Option(
            "--probe",
            metavar="ACCOUNT/REGION|all",
            help="After a roll-out: request a repository there as a push does, follow it, and delete it.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait for all probes together.")
    ] = DEFAULT_TIMEOUT,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Check all prerequisites of a roll-out, and show the command that fixes each problem.

    Changes nothing. What the credentials may not read is listed as "could not check", with the command that checks it
    with other credentials.

    With --probe, follow one request through the installation instead: from the call that a push begins with, by way of
    CloudTrail and the central account, to the repository and its record, with the time of each part. The repository has
    a name that only probes use, and is deleted at the end.

    Exits 0 without findings, 2 for problems, warnings and failed probes.

    $ deployer doctor
    $ deployer doctor --probe shop-prod/eu-west-1
    """
    clock = clock_of(context)
    has_findings = (
        _check(config, profile, clock=clock, as_json=as_json)
        if probe is None
        else _probe(config, profile, probe, clock=clock, timeout=timeout, as_json=as_json)
    )
    if has_findings:
        raise typer.Exit(FINDINGS_EXIT_CODE)


def _check(config: Path, profile: str | None, *, clock: Clock, as_json: bool) -> bool:
    """Whether a check found something to act on."""
    from deployer.composition.doctor import gather
    from deployer.doctor.checks.catalogue import CHECKS
    from deployer.doctor.finding import examine
    from deployer.rendering.doctor import report_document, report_lines

    report = examine(gather(config, profile=profile, clock=clock), CHECKS)
    if as_json:
        print_json(report_document(report))
    else:
        print_lines(report_lines(report))
    return report.has_findings


def _probe(config: Path, profile: str | None, target: str, *, clock: Clock, timeout: float, as_json: bool) -> bool:
    """Whether a probe failed, or left a repository behind."""
    from deployer.composition.probe import open_probe
    from deployer.doctor.probe import ProbeResult
    from deployer.rendering.probe import closing_line, probe_document, result_lines
    from deployer.words import counted

    opened = open_probe(config, target, profile=profile, clock=clock)
    registries = counted(len(opened.targets), "registry", "registries")
    typer.echo(
        f"Requesting {opened.repository} in {registries}, as a push does; waiting up to {timeout:.0f} s", err=True
    )

    def show(result: ProbeResult) -> None:
        if not as_json:
            print_lines(result_lines(result, opened.organization, opened.repository))

    results = opened.run(timeout, show)
    if as_json:
        print_json(probe_document(results, opened.organization, opened.repository))
    else:
        print_lines([closing_line(results)])
    return not all(one.is_proven for one in results)
