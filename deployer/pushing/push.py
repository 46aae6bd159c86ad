"""Push with the user's own client, after its repositories exist. Pure except for what it receives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from deployer.errors import DeployerError
from deployer.pushing.client_commands import CommandTexts
from deployer.pushing.client_failures import (
    MissingRepository,
    is_name_unknown,
    missing_repositories,
    names_nothing,
    repositories_in_sentences,
)
from deployer.pushing.client_process import Finished
from deployer.pushing.ensure import CreatedOnPush, Ensurer, Outcome
from deployer.pushing.images import ImageReference, ImageReferenceError, parse_image

FIRST_BACKOFF: Final = 1.0
LONGEST_BACKOFF: Final = 30.0
MOST_RUNS: Final = 100
"""The limit of all runs: a command that generates a new name each time would never end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The client ran; `exit_code` is that of its last run."""

    exit_code: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnsured:
    """The client was not run (again): a repository is refused, or did not exist in time.

    `exit_code` is that of the client's last run, None if there was none.
    """

    outcomes: tuple[Outcome, ...]
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReports:
    """Where a repeated push is reported to the user."""

    on_retry: Callable[[int, float], None]
    on_found: Callable[[Sequence[ImageReference]], None]
    on_unknown_registry: Callable[[MissingRepository], None]
    on_used_input: Callable[[], None]
    on_created_on_push: Callable[[CreatedOnPush], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Ensures, runs the client, and runs it again if the registry did not know a repository.

    A repository that the client's output names for the first time is ensured, and the client runs again at once: so
    every run except `retries` of them finds a new one. A push that succeeded except for its cache keeps exit code 0:
    when it is repeated, immutable tags may refuse it. `can_run_again` is whether the client's input is unread.
    """

    ensurer: Ensurer
    run: Callable[[], Finished]
    timeout: float
    retries: int
    reports: PushReports
    can_run_again: Callable[[], bool] = lambda: True
    command: CommandTexts = field(default_factory=CommandTexts)

    def push(self, images: Sequence[ImageReference]) -> Pushed | NotEnsured:
        """Push to `images` and what the client names; the client itself reports any other failure."""
        known = {image.repository_key: image for image in images}
        missing, code = list(known.values()), None
        runs = repeated = 0
        while True:
            outcomes = self.ensurer.ensure(missing, timeout=self.timeout, push_failed=runs > 0)
            if any(outcome.exit_code for outcome in outcomes):
                return NotEnsured(outcomes=outcomes, exit_code=code)
            for outcome in outcomes:
                if isinstance(outcome, CreatedOnPush):
                    self.reports.on_created_on_push(outcome)
            if runs and not self.can_run_again():
                self.reports.on_used_input()
                return Pushed(exit_code=code or 0, runs=runs)
            finished = self.run()
            runs, code = runs + 1, 0 if code == 0 else finished.exit_code
            if finished.was_stopped or runs == MOST_RUNS:
                return Pushed(exit_code=code, runs=runs)
            named = self._named(finished)
            missing = [image for image in named if image.repository_key not in known]
            if missing:
                known |= {image.repository_key: image for image in missing}
                self.reports.on_found(missing)
                continue
            if code == 0 or repeated == self.retries or not self._was_missing(finished, named, known.values()):
                return Pushed(exit_code=code, runs=runs)
            repeated += 1
            seconds = min(FIRST_BACKOFF * 2 ** (repeated - 1), LONGEST_BACKOFF)
            self.reports.on_retry(runs, seconds)
            self.ensurer.clock.sleep(seconds)
            missing = list(known.values())

    def _named(self, finished: Finished) -> list[ImageReference]:
        """The repositories that the client did not find. After exit code 0, only those still missing."""
        found = []
        for missing in missing_repositories(finished.output, other_texts=self.command.texts):
            image = _image(missing)
            if image is None:
                self.reports.on_unknown_registry(missing)
            elif missing.is_certain or image.repository_key not in self.command.sources:
                found.append(image)
        if finished.exit_code and names_nothing(finished.output):
            found += self.command.in_scripts  # also what exists by now, since the failed push itself may have caused it
        return found if finished.exit_code else [image for image in found if self._is_still_missing(image)]

    def _is_still_missing(self, image: ImageReference) -> bool:
        """An error of the registry does not fail a push that succeeded."""
        try:
            return not self.ensurer.registries.exists(image)
        except DeployerError:
            return False

    def _was_missing(
        self, finished: Finished, named: Sequence[ImageReference], known: Iterable[ImageReference]
    ) -> bool:
        """From the client's error, or from the registry's answer if the connection was dropped."""
        if named:
            return True
        ours = list(known)
        others = repositories_in_sentences(finished.output)
        if others and others.isdisjoint(image.repository for image in ours):
            return False  # waiting does not create a missing base image
        if ours and is_name_unknown(finished.output):
            return True
        return not all(self.ensurer.registries.exists(image) for image in ours)


def _image(missing: MissingRepository) -> ImageReference | None:
    try:
        return parse_image(missing.reference) if missing.reference else None
    except ImageReferenceError:
        return None
