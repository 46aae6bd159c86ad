"""`deployer ensure`: make repositories exist before the first push to them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deployer.cli.options import Json, Profile

if TYPE_CHECKING:
    from deployer.ensure import Ensurer, Outcome
    from deployer.images import ImageReference

TIMED_OUT_EXIT_CODE: Final = 18
REFUSED_EXIT_CODE: Final = 19

Timeout = Annotated[float, typer.Option("--timeout", min=0, help="Seconds to wait, for all images together.")]


def ensure(
    images: Annotated[list[str] | None, typer.Argument(metavar="IMAGE...", help="References to images in ECR.")] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE", help="A bake file (.json), a compose file (.yaml), or a plain list."),
    ] = None,
    timeout: Timeout = 120,
    policy: Annotated[bool, typer.Option("--policy", help="Print the smallest IAM policy for a pusher.")] = False,
    profile: Profile = None,
    as_json: Json = False,
) -> int:
    """Make repositories exist, so that the first push to them works.

    Needs nothing but the permissions of a push. Exit codes: 0 they are there, 18 timed out, 19 refused.
    """
    references = _references(images or (), file or ())
    if policy:
        from deployer.pusher_policy import pusher_policy

        typer.echo(json.dumps(pusher_policy(references), indent=2))
        return 0
    if not references:
        raise typer.BadParameter("name at least one image in ECR, or a --file that names some", param_hint="IMAGE")
    outcomes = ensurer(profile).ensure(references, timeout=timeout)
    if as_json:
        typer.echo(json.dumps([_as_json(outcome) for outcome in outcomes], indent=2))
    for outcome in outcomes:
        print_outcome(outcome, to_stderr=as_json)
    return exit_code_of(outcomes)


def _references(images: Iterable[str], files: Iterable[Path]) -> list[ImageReference]:
    """Every ECR image that the arguments and files name; a reference to another registry is said and left alone."""
    from deployer.image_files import references_in

    texts = list(images)
    for path in files:
        texts.extend(references_in(path, _read(path), os.environ))
    return ecr_images(texts)


def ecr_images(texts: Iterable[str]) -> list[ImageReference]:
    """Those of the references that are in ECR; the others are named on standard error."""
    from deployer.images import parse_image

    found = []
    for text in texts:
        image = parse_image(text)
        if image is None:
            typer.echo(f"{text}: not in a private ECR registry, left alone", err=True)
        else:
            found.append(image)
    return found


def _read(path: Path) -> str:
    from deployer.errors import NotFoundError

    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(f"{path}: cannot be read: {error}", next_step="Check the path given to --file.") from error


def ensurer(profile: str | None) -> Ensurer:
    """An Ensurer with the caller's own credentials, the real clock, and progress on standard error."""
    from deployer.aws.registries import EcrRegistries
    from deployer.aws.session import Session
    from deployer.ensure import Clock, Ensurer

    return Ensurer(
        registries=EcrRegistries(Session(profile=profile)),
        clock=Clock(now=time.time, sleep=time.sleep),
        on_waiting=_WaitingLine(),
    )


class _WaitingLine:
    """One line that is redrawn on a terminal; elsewhere a line when the waiting begins."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self, images: Sequence[ImageReference], seconds: float) -> None:
        names = ", ".join(image.repository for image in images[:2]) + (", …" if len(images) > 2 else "")
        line = f"Waiting for {len(images)} of the repositories ({names})" if len(images) > 1 else f"Waiting for {names}"
        if sys.stderr.isatty():
            typer.echo(f"\r\033[K{line[:65]} {seconds:.0f} s", err=True, nl=False)
        elif not self._said:
            typer.echo(f"{line}: asked for, as a push would", err=True)
        self._said = True


def print_outcome(outcome: Outcome, *, to_stderr: bool) -> None:
    """One outcome in a line or a few, with the next step where there is one to take."""
    from deployer.ensure import Refused, There

    if sys.stderr.isatty():
        typer.echo("\r\033[K", err=True, nl=False)
    where = f"{outcome.image.repository} ({outcome.image.registry.account}, {outcome.image.registry.region})"
    match outcome:
        case There(seconds=seconds):
            after = f"there after {seconds:.1f} s" if seconds else "there already"
            typer.echo(f"{where}: {after}", err=to_stderr)
        case Refused(refusal=refusal):
            rule = f" by {refusal.rule}" if refusal.rule else ""
            ou = f" (OU {refusal.ou_path})" if refusal.ou_path else ""
            typer.echo(f"{where}: refused: {refusal.reason}{rule}{ou}", err=True)
        case _:
            typer.echo(f"{where}: not there after {outcome.seconds:.0f} s", err=True)
            typer.echo(
                "  It may be refused, or the request is still on its way. In the central account,\n"
                f"  `deployer audit list` shows the decision on {outcome.image.repository} with its reason, and\n"
                "  `deployer status` whether this account and region are covered.",
                err=True,
            )


def exit_code_of(outcomes: Iterable[Outcome]) -> int:
    """0 when all are there; a refusal, which waiting cannot cure, wins over a time-out."""
    from deployer.ensure import Refused, TimedOut

    kinds = {type(outcome) for outcome in outcomes}
    if Refused in kinds:
        return REFUSED_EXIT_CODE
    return TIMED_OUT_EXIT_CODE if TimedOut in kinds else 0


def _as_json(outcome: Outcome) -> dict[str, object]:
    from deployer.ensure import Refused, There

    about: dict[str, object] = {
        "image": str(outcome.image),
        "account": outcome.image.registry.account,
        "region": outcome.image.registry.region,
        "repository": outcome.image.repository,
    }
    match outcome:
        case Refused(refusal=refusal):
            return {**about, "outcome": "refused", "reason": refusal.reason, "rule": refusal.rule}
        case There():
            return {**about, "outcome": "there", "seconds": round(outcome.seconds, 3), "calls": outcome.calls}
        case _:
            return {**about, "outcome": "timed-out", "seconds": round(outcome.seconds, 3), "calls": outcome.calls}
