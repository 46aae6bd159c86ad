"""`deployer push`: any client's push, to repositories that exist by then."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.ensuring import (
    TIMEOUT,
    ConfigAtHand,
    LedgerArn,
    Timeout,
    ecr_images,
    ensuring,
    explain_immutable_tags,
    print_outcomes,
)
from deployer.cli.options import Profile, clock_of

if TYPE_CHECKING:
    from deployer.pushing.client_commands import InFile
    from deployer.pushing.client_process import Finished
    from deployer.pushing.images import ImageReference


def push(
    context: typer.Context,
    command: Annotated[
        list[str], typer.Argument(metavar="[--] CLIENT ARGS...", help="The push, as you would type it.")
    ],
    timeout: Timeout = TIMEOUT,
    retries: Annotated[
        int,
        typer.Option(
            "--retries", metavar="N", min=0, help="How often to repeat a push that still finds no repository."
        ),
    ] = 5,
    ledger: LedgerArn = None,
    config: ConfigAtHand = None,
    profile: Profile = None,
) -> int:
    """Ensure the repositories of a push, then run it: docker, podman, nerdctl, finch, buildah, skopeo, crane, oras.

    The client keeps its terminal and its exit code. Options of deployer go before the client's name.

    Exits before the client runs with 18 when time ran out, 19 when a repository is refused, 21 without a daemon, 22
    without a login, 127 without the client.

    $ deployer push docker push $REGISTRY/team-a/api:1
    $ deployer push --timeout 600 -- docker compose push
    """
    from deployer.pushing.client_checks import check_client
    from deployer.pushing.client_logins import check_login
    from deployer.pushing.client_process import run_client
    from deployer.pushing.ensure import exit_code_of
    from deployer.pushing.push import NotThere, Pusher

    check_client(command)
    images = _images(command)
    check_login(command, list({image.registry.host: image.registry for image in images}.values()), os.environ)

    with ensuring(profile=profile, ledger=ledger, config=config, clock=clock_of(context)) as (ensurer, line):

        def run() -> Finished:
            line.clear()
            finished = run_client(command)
            explain_immutable_tags(finished.complaint)
            return finished

        outcome = Pusher(ensurer=ensurer, run=run, timeout=timeout, retries=retries, on_retry=_announce_retry).push(
            images
        )
    if isinstance(outcome, NotThere):
        print_outcomes(outcome.outcomes, err=True)
        return exit_code_of(outcome.outcomes)
    return outcome.exit_code


def _announce_retry(run: int, seconds: float) -> None:
    typer.echo(f"deployer: the registry does not know the repository yet; try {run + 1} in {seconds:.0f} s", err=True)


def _images(command: list[str]) -> list[ImageReference]:
    from deployer.pushing.client_commands import InFile, Named, destinations_of

    match destinations_of(command):
        case Named(references=references):
            images = ecr_images(references)
        case InFile() as asked:
            images = ecr_images(_resolved(asked))
        case _:
            images = []
    if not images:
        typer.echo("deployer: this command is not known to push to ECR; it is run as it is", err=True)
    return images


def _resolved(asked: InFile) -> tuple[str, ...]:
    """Ask the client what its file names; what stands in its standard input is for the push."""
    from deployer.errors import ConfigurationError
    from deployer.pushing.client_commands import client_of, option_values
    from deployer.pushing.client_documents import references_in_document

    if "-" in option_values(asked.command, short="-f", long="--file"):
        raise ConfigurationError(
            f"{client_of(asked.command)} reads its file from standard input, which only one can",
            next_step="Write it to a file, and name that with --file.",
        )
    answer = subprocess.run(  # noqa: S603 - the user's client
        asked.command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise ConfigurationError(
            f"{' '.join(asked.command)} failed: {answer.stderr.strip() or answer.stdout.strip()}",
            next_step="Correct the file that it complains of; nothing was pushed.",
        )
    return references_in_document(asked, answer.stdout)
