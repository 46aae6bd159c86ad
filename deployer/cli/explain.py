"""`deployer explain`: the settings of an account or OU with their locations, and the decision on a push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.options import DEFAULT_CONFIG_DIRECTORY, ConfigDirectory, Json, OrganizationFile, Profile

if TYPE_CHECKING:
    from deployer.settings.compiled import Compiled
    from deployer.settings.explaining import Explanation
    from deployer.settings.verdicts import Verdict

NO_ACCOUNT = "000000000000"
"""Stands for an account of the OU in a made-up call; no decision depends on it."""


def explain(
    target: Annotated[str, typer.Argument(metavar="ACCOUNT|OU", help="Id or name of an account; path or id of an OU.")],
    repository: Annotated[
        str | None, typer.Argument(metavar="REPOSITORY", help="Show what would happen to a push to it.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="REGION", help="Region of the push; else the first enabled one."),
    ] = None,
    principal: Annotated[
        str | None, typer.Option("--principal", metavar="ARN", help="Principal that pushes; by default anyone.")
    ] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Explain a pull instead of a push.")] = False,
    config: ConfigDirectory = DEFAULT_CONFIG_DIRECTORY,
    organization: OrganizationFile = None,
    profile: Profile = None,
    as_json: Json = False,
) -> None:
    """Show the settings of an account or OU, each with the file and line that it comes from.

    With a repository: whether a push to it would create it, the rules that decide, and its settings. The decision is
    made by the code that the handler runs.

    $ deployer explain Workloads/Prod
    $ deployer explain shop-prod team-a/api --region us-east-1
    """
    from deployer.cli.printing import print_json, print_text
    from deployer.cli.sources import compiled_from
    from deployer.rendering.explanations import as_document, as_text
    from deployer.settings import explaining
    from deployer.settings.regions import require_region

    if repository is None and (region or principal or pull):
        message = "is missing: --region, --principal and --pull need a repository"
        raise typer.BadParameter(message, param_hint="REPOSITORY")
    if repository is not None:
        _require_name(repository)
    if principal == "":
        raise typer.BadParameter("must not be empty", param_hint="--principal")
    if region:
        require_region(region, source="--region")
    compiled = compiled_from(config, organization, profile=profile)
    explanation = explaining.explain(compiled, target)
    verdict = None
    if repository is not None:
        push_region = region or next(iter(explanation.settings.regions), compiled.config.home_region)
        verdict = _verdict(compiled, explanation, repository, region=push_region, principal=principal, pull=pull)
    if as_json:
        print_json(as_document(explanation, verdict))
    else:
        print_text(as_text(explanation, verdict, any_principal=principal is None))


def _require_name(repository: str) -> None:
    """A reference as it is pushed, host and tag included, is easily taken for the name."""
    from deployer.pushing.images import has_registry, repository_part

    if not repository:
        raise typer.BadParameter("must not be empty", param_hint="REPOSITORY")
    name = repository_part(repository)
    if has_registry(name):
        name = name.partition("/")[2]
    if name != repository:
        message = f"{repository} is a reference to an image; pass the name of the repository: {name}"
        raise typer.BadParameter(message, param_hint="REPOSITORY")


def _verdict(
    compiled: Compiled, explanation: Explanation, repository: str, *, region: str, principal: str | None, pull: bool
) -> Verdict:
    from deployer.settings.verdicts import constructed_call, for_any_principal, judge, with_creator

    settings = explanation.settings
    call = constructed_call(
        account=explanation.id if explanation.is_account else NO_ACCOUNT,
        region=region,
        repository=repository,
        principal=principal or "*",
        trigger="pull" if pull else "push",
    )
    asked = settings if principal else for_any_principal(settings)
    verdict = judge(call, asked, explanation.provenance, is_member=compiled.is_member)
    return with_creator(verdict, settings, explanation.provenance, policies=compiled.config.policies)
