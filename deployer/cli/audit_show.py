"""`deployer audit show`: all details of one repository or event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli import audit_filters as filters
from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile, clock_of
from deployer.cli.printing import print_json, print_lines
from deployer.errors import DeployerError, NotFoundError

if TYPE_CHECKING:
    from deployer.audit.details import DecisionDetails
    from deployer.audit.finding import FoundDecision
    from deployer.audit.query import Query
    from deployer.composition.audit import Auditor
    from deployer.settings import Compiled

_MOST_DECISIONS = 5


def show(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="REPOSITORY|EVENT-ID", help="Name of a repository, or CloudTrail's id of an event.")
    ],
    account: filters.Accounts = None,
    region: filters.Regions = None,
    ledger_only: Annotated[bool, typer.Option("--ledger-only", help="Do not read the repository itself.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the read capacity that was used.")] = False,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show all details of a repository or an event.

    The caller, the decision with its rule and file, the duration of each step, and the settings: recorded ones, those
    that the config files request today, and the actual ones of the repository.
    """
    from deployer.audit.finding import find
    from deployer.audit.reading import Usage
    from deployer.composition.audit import Auditor
    from deployer.composition.installation import Installation
    from deployer.rendering.audit import usage_line
    from deployer.rendering.details import details_document, details_lines

    _check_target(target)
    usage = Usage()
    within = filters.Filters(accounts=account, regions=region).query(
        now=clock_of(context).now(), organization=filters.organization_reader(config, organization, profile=profile)
    )
    installation = Installation.open(config, profile=profile)
    found = find(target, installation.ledger, within=within, usage=usage)
    if not found:
        raise NotFoundError(
            f"The ledger has no decision about {target}{_within_text(within)}",
            next_step="`deployer audit list --all --since 24h` lists its records; events take up to 15 minutes.",
        )
    auditor = None if ledger_only else Auditor(installation)
    reader = _DetailsReader(auditor, *_compile(config, organization, profile=profile))
    all_details = [reader.read_details(one) for one in found[:_MOST_DECISIONS]]
    if as_json:
        print_json([details_document(details) for details in all_details])
    else:
        for number, details in enumerate(all_details):
            typer.echo("\n" if number else "", nl=False)
            print_lines(details_lines(details))
    if len(found) > len(all_details):
        typer.echo(f"{len(found) - len(all_details)} more registries; --account and --region pick one.", err=True)
    if verbose:
        print_lines([usage_line(usage)], err=True)


def _check_target(target: str) -> None:
    """Raise wrong usage for a pattern: a key finds one name, a pattern would need a scan of the whole ledger."""
    if not target:
        raise typer.BadParameter("must not be empty", param_hint="REPOSITORY|EVENT-ID")
    if "*" in target:
        raise typer.BadParameter(
            f"is one name, not a pattern; `deployer audit list --repository '{target}'` lists matches",
            param_hint="REPOSITORY|EVENT-ID",
        )


def _within_text(within: Query) -> str:
    """The accounts and regions that were searched, if not all."""
    parts = [
        f"{name} {' or '.join(values)}"
        for name, values in (("account", within.accounts), ("region", within.regions))
        if values
    ]
    return f" in {', '.join(parts)}" if parts else ""


def _compile(config: Path, organization: Path | None, *, profile: str | None) -> tuple[Compiled | None, str]:
    """Today's settings, or why they cannot be compiled."""
    from deployer.cli.sources import compiled_from

    try:
        return compiled_from(config, organization, profile=profile), ""
    except DeployerError as error:
        return None, f"The settings in today's config files could not be compiled: {error.message}"


class _DetailsReader:
    """Adds to decisions what today's config files request and what the repositories have; notes what cannot be read."""

    def __init__(self, auditor: Auditor | None, compiled: Compiled | None, problem: str) -> None:
        self._auditor = auditor
        self._compiled = compiled
        self._problem = problem

    def read_details(self, found: FoundDecision) -> DecisionDetails:
        from deployer.audit.details import DecisionDetails, judge_today

        record = found.record
        notes = [self._problem] if self._problem else []
        actual, is_gone = None, False
        if self._auditor and record.repository_arn:
            try:
                actual = self._auditor.settings_of(
                    account=record.account, region=record.region or "", repository=record.repository or ""
                )
                is_gone = actual is None
            except DeployerError as error:
                notes.append(f"The repository could not be read: {error.message}")
        return DecisionDetails(
            record=record,
            history=found.history,
            lifetime=found.lifetime,
            pusher=found.pusher,
            today=judge_today(record, self._compiled) if self._compiled else None,
            actual=actual,
            is_gone=is_gone,
            notes=tuple(notes),
        )
