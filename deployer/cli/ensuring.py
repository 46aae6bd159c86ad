"""What `ensure` and `push` share: their options, the construction of an Ensurer, and the display of its progress."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from deployer.cli.printing import print_lines

if TYPE_CHECKING:
    from deployer.aws.refusals import LedgerAddress, LedgerRefusals
    from deployer.aws.session import Session
    from deployer.cli.optional_files import OptionalFiles
    from deployer.clock import Clock
    from deployer.function_url import FunctionUrl
    from deployer.pushing.ensure import Ensurer, Outcome, Refusal
    from deployer.pushing.images import ImageReference
    from deployer.pushing.request_lane import RequestLane

Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait, for all images together.")
]
TIMEOUT = 300.0
"""Seconds. AWS publishes no latency for CloudTrail's events; the second request is 30 s after the first."""
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        envvar="DEPLOYER_URL",
        help="Function URL of the handler, which answers in about a second; by default the one in the config files."
        " Without it, events do the same, later.",
    ),
]
LedgerArn = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="ARN",
        envvar="DEPLOYER_LEDGER",
        help="Ledger table to read refusals from; by default the one that the config files name.",
    ),
]


def ecr_images(texts: Iterable[str]) -> list[ImageReference]:
    """The references that are in ECR; the others are reported on standard error."""
    from deployer.pushing.images import parse_image

    found = []
    for text in texts:
        image = parse_image(text)
        if image is None:
            typer.echo(f"{text}: not in a private ECR registry, ignored", err=True)
        else:
            found.append(image)
    return found


@contextmanager
def ensuring(
    files: OptionalFiles, *, profile: str | None, url: str | None, ledger: str | None, clock: Clock
) -> Iterator[tuple[Ensurer, WaitingLine]]:
    """An Ensurer with the caller's own credentials, and its progress on standard error.

    The progress line is cleared at the end, also after an error.
    """
    from deployer.aws.refusals import LedgerAddress
    from deployer.aws.registries import EcrRegistries
    from deployer.aws.session import Session
    from deployer.pushing.ensure import Ensurer

    session = Session(profile=profile)
    line = WaitingLine()
    ensurer = Ensurer(
        registries=EcrRegistries(session),
        clock=clock,
        requests=_request_lane(session, _function_url(url, files), clock=clock),
        ledger=LazyLedger(session, LedgerAddress.parse(ledger) if ledger else None, files, clock=clock),
        template_of=files.template_of,
        on_waiting=line,
    )
    try:
        yield ensurer, line
    finally:
        line.clear()


def _function_url(url: str | None, files: OptionalFiles) -> FunctionUrl | None:
    """The URL of --url or DEPLOYER_URL, else of the config files, which are read only in that case."""
    from deployer.function_url import FunctionUrl

    if url and url.strip():
        return FunctionUrl.parse(url)
    config = files.config
    return config.function_url if config else None


def _request_lane(session: Session, url: FunctionUrl | None, *, clock: Clock) -> RequestLane | None:
    if url is None:
        return None
    from deployer.aws.function_urls import FunctionUrlTransport
    from deployer.pushing.request_lane import RequestLane

    transport = FunctionUrlTransport(session, url)
    return RequestLane(transport=transport, sleep=clock.sleep, on_fallback=_announce_fallback)


def _announce_fallback(reason: str) -> None:
    typer.echo(f"The function URL is not used: {reason}. The event lane is used instead, which takes longer.", err=True)


class LazyLedger:
    """Implements `pushing.ensure.Ledger`; the ledger is located when a repository is first missing."""

    def __init__(self, session: Session, address: LedgerAddress | None, files: OptionalFiles, *, clock: Clock) -> None:
        self._session = session
        self._address = address
        self._files = files
        self._clock = clock
        self._opened: LedgerRefusals | None = None
        self._is_open = False

    @property
    def is_readable(self) -> bool:
        return not self._is_open or (self._opened is not None and self._opened.is_readable)

    def refusal_of(self, image: ImageReference, *, since: float) -> Refusal | None:
        if not self._is_open:
            self._opened, self._is_open = self._open(), True
        return self._opened.refusal_of(image, since=since) if self._opened else None

    def _open(self) -> LedgerRefusals | None:
        from deployer.aws.refusals import LedgerRefusals

        address = self._address or self._from_config()
        return LedgerRefusals(self._session, address, clock=self._clock) if address else None

    def _from_config(self) -> LedgerAddress | None:
        from deployer.aws.refusals import LedgerAddress

        config = self._files.config
        return LedgerAddress(arn=config.names().ledger_table_arn, region=config.home_region) if config else None


class WaitingLine:
    """One line that is redrawn on a terminal; otherwise one line when the wait begins."""

    def __init__(self) -> None:
        self._is_announced = False
        self._is_drawn = False

    def __call__(self, images: Sequence[ImageReference], seconds: float) -> None:
        from deployer.rendering.ensure import waiting_text

        if sys.stderr.isatty():
            columns = shutil.get_terminal_size().columns
            self._is_drawn = True  # set before the line is printed, since Ctrl-C may interrupt in between
            typer.echo(f"\r\033[K{waiting_text(images, seconds, columns=columns - 1)}", err=True, nl=False)
        elif not self._is_announced:
            typer.echo(f"{waiting_text(images)}: requested", err=True)
        self._is_announced = True

    def clear(self) -> None:
        """Clear the progress line."""
        if self._is_drawn:
            typer.echo("\r\033[K", err=True, nl=False)
        self._is_drawn = False


def print_outcomes(outcomes: Iterable[Outcome], *, err: bool) -> None:
    """Print existing repositories to standard output unless `err`, all others to standard error."""
    from deployer.rendering.ensure import outcome_lines

    for outcome in outcomes:
        print_lines(outcome_lines(outcome), err=err or outcome.exit_code != 0)


def explain_immutable_tags(output: str) -> None:
    """Print what to do for each immutable tag that, by the client's output, ECR refused to overwrite."""
    from deployer.pushing.immutable_tags import immutable_tags_in
    from deployer.rendering.immutable_tags import immutable_tag_lines

    for tag in immutable_tags_in(output):
        print_lines(immutable_tag_lines(tag), err=True)
