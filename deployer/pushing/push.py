"""Push with the user's own client, to repositories that exist by then. Pure but for what is handed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from deployer.pushing.client_process import Finished
from deployer.pushing.ensure import Ensurer, Outcome, There
from deployer.pushing.images import ImageReference

FIRST_BACKOFF: Final = 1.0
LONGEST_BACKOFF: Final = 30.0

_NAME_UNKNOWN: Final = re.compile(r"name[ _]unknown|repository name not known", re.IGNORECASE)
"""How clients render NAME_UNKNOWN of the registry protocol."""
_ECR_SENTENCE: Final = re.compile(r"repository with name '([^']*)' does not exist")
"""What ECR says with it, and most clients repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The client ran; `exit_code` is that of its last run."""

    exit_code: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotThere:
    """The client was not run (again): a repository is refused, or did not appear."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Ensures, runs the client, and tries again where the registry still knows no such repository."""

    ensurer: Ensurer
    run: Callable[[], Finished]
    timeout: float
    retries: int
    on_retry: Callable[[int, float], None]

    def push(self, images: Sequence[ImageReference]) -> Pushed | NotThere:
        """Push to `images`; a failure for any other reason than a missing repository is the client's to explain."""
        runs = 0
        while True:
            outcomes = self.ensurer.ensure(images, timeout=self.timeout)
            if not all(isinstance(outcome, There) for outcome in outcomes):
                return NotThere(outcomes=outcomes)
            finished = self.run()
            runs += 1
            is_over = finished.exit_code == 0 or finished.was_stopped or runs > self.retries
            if is_over or not self._was_missing(finished, images):
                return Pushed(exit_code=finished.exit_code, runs=runs)
            seconds = min(FIRST_BACKOFF * 2 ** (runs - 1), LONGEST_BACKOFF)
            self.on_retry(runs, seconds)
            self.ensurer.clock.sleep(seconds)

    def _was_missing(self, finished: Finished, images: Sequence[ImageReference]) -> bool:
        """By the client's complaint, or by the registry's word where the connection was just dropped."""
        if not images:
            return False  # nothing of it is in ECR, so nothing would change by the next time
        named = set(_ECR_SENTENCE.findall(finished.complaint))
        if named:  # a base image that is missing will not appear by waiting
            return not named.isdisjoint(image.repository for image in images)
        if _NAME_UNKNOWN.search(finished.complaint):
            return True
        return not all(self.ensurer.registries.is_there(image) for image in images)
