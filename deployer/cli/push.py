"""`deployer push`: any client's push, after its repositories exist."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.ensuring import (
    TIMEOUT,
    LedgerArn,
    Timeout,
    Url,
    ecr_images,
    ensuring,
    explain_immutable_tags,
    print_outcomes,
)
from deployer.cli.optional_files import OptionalConfig, OptionalFiles, OptionalSnapshot
from deployer.cli.options import Json, Profile, clock_of
from deployer.cli.printing import print_json

if TYPE_CHECKING:
    from deployer.pushing.client_failures import MissingRepository
    from deployer.pushing.client_process import Finished
    from deployer.pushing.ensure import CreatedOnPush, Ensurer
    from deployer.pushing.images import ImageReference
    from deployer.pushing.push import NotEnsured, Pushed


def push(
    context: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="[--] CLIENT ARGS...", help="The command that pushes.")],
    timeout: Timeout = TIMEOUT,
    retries: Annotated[
        int,
        typer.Option(
            "--retries", metavar="N", min=0, help="How often to repeat a push that still finds no repository."
        ),
    ] = 5,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the repositories that the command pushes to; do not run it.")
    ] = False,
    url: Url = None,
    ledger: LedgerArn = None,
    config: OptionalConfig = None,
    organization: OptionalSnapshot = None,
    profile: Profile = None,
    as_json: Json = False,
) -> int:
    """Ensure the repositories of a push, then run it, with any client: docker, helm, crane, or a script of yours.

    Repositories that the command line does not name are read from the client's error: they are ensured, and the
    command runs again. The client keeps its terminal and its exit code. Options of deployer go before the client's
    name.

    --dry-run prints ACCOUNT REGION REPOSITORY, one repository a line.

    Exits without a push with 15 when a reference is wrong, 18 when time ran out, 19 when a repository is refused, 21
    without a daemon, 22 without a login, 127 without the client.

    $ deployer push docker push $REGISTRY/team-a/api:1
    $ deployer push --timeout 600 -- docker compose push
    $ deployer push --dry-run -- helm push web-1.2.0.tgz oci://$REGISTRY/charts
    """
    from deployer.pushing.client_checks import check_daemon, check_installed
    from deployer.pushing.client_logins import check_login
    from deployer.pushing.client_shell import is_assignment
    from deployer.pushing.client_wrappers import simple_commands
    from deployer.pushing.ensure import exit_code_of
    from deployer.pushing.push import NotEnsured

    if is_assignment(command[0]):
        command = ["env", *command]
    if as_json and not dry_run:
        raise typer.BadParameter("is for --dry-run: else the client prints the result", param_hint="--json")
    if dry_run:
        _print_repositories(_images(command), as_json=as_json)
        return 0
    check_installed(command[0])
    inner = list(simple_commands(command, os.environ))
    direct = [each for each in inner if each.is_direct]
    for each in direct:
        check_daemon(each)
    images = _images(command)
    if not images:
        typer.echo("deployer: the command names no repository in ECR that it pushes to; it runs unchanged", err=True)
    for each in direct:
        registries = {image.registry.host: image.registry for image in images}
        check_login(each.words, list(registries.values()), each.environment)

    files = OptionalFiles(config=config, organization=organization)
    with ensuring(files, profile=profile, url=url, ledger=ledger, clock=clock_of(context)) as (ensurer, line):
        outcome = _pushed(command, images, ensurer=ensurer, clear=line.clear, timeout=timeout, retries=retries)
    if isinstance(outcome, NotEnsured):
        print_outcomes(outcome.outcomes, err=True)
        return 0 if outcome.exit_code == 0 else exit_code_of(outcome.outcomes)
    return outcome.exit_code


def _images(command: Sequence[str]) -> list[ImageReference]:
    from deployer.pushing.client_resolution import references_of

    found = {image.repository_key: image for image in ecr_images(references_of(command, os.environ))}
    return list(found.values())


def _print_repositories(images: Sequence[ImageReference], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"account": image.registry.account, "region": image.registry.region, "repository": image.repository}
                for image in images
            ]
        )
        return
    for image in images:
        typer.echo(f"{image.registry.account} {image.registry.region} {image.repository}")


def _pushed(
    command: Sequence[str],
    images: Sequence[ImageReference],
    *,
    ensurer: Ensurer,
    clear: Callable[[], None],
    timeout: float,
    retries: int,
) -> Pushed | NotEnsured:
    from deployer.pushing.client_commands import command_texts
    from deployer.pushing.client_process import StandardInput, run_client
    from deployer.pushing.client_resolution import reads_standard_input, texts_of_files
    from deployer.pushing.push import Pusher, PushReports

    given = StandardInput(is_read=reads_standard_input(command))

    def run() -> Finished:
        clear()
        finished = run_client(command)
        explain_immutable_tags(finished.output)
        return finished

    return Pusher(
        ensurer=ensurer,
        run=run,
        timeout=timeout,
        retries=retries,
        reports=PushReports(
            on_retry=_announce_retry,
            on_found=_announce_found,
            on_unknown_registry=_announce_unknown_registry,
            on_used_input=_announce_used_input,
            on_created_on_push=_announce_created_on_push,
        ),
        can_run_again=given.rewind,
        command=command_texts(command, os.environ, images, texts_of_files(command, os.environ)),
    ).push(images)


def _announce_retry(run: int, seconds: float) -> None:
    typer.echo(f"deployer: the registry does not know the repository yet; try {run + 1} in {seconds:.0f} s", err=True)


def _announce_found(images: Sequence[ImageReference]) -> None:
    for image in images:
        where = f"{image.registry.account}, {image.registry.region}"
        typer.echo(
            f"deployer: {image.repository} ({where}) does not exist; the command runs again when it does", err=True
        )


def _announce_created_on_push(outcome: CreatedOnPush) -> None:
    from deployer.rendering.ensure import outcome_lines

    for line in outcome_lines(outcome):
        typer.echo(f"deployer: {line.text}", err=True)


def _announce_unknown_registry(missing: MissingRepository) -> None:
    account = f" of {missing.account}" if missing.account else ""
    typer.echo(
        f"deployer: the client names the missing repository {missing.repository}{account}, but no region."
        " Run `deployer ensure` with the full reference, then push again.",
        err=True,
    )


def _announce_used_input() -> None:
    typer.echo(
        "deployer: the repository exists now, but the command has read its standard input, which cannot be read twice."
        " Run it again.",
        err=True,
    )
