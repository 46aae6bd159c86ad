"""Make repositories exist before the first push: ask as a push would, then wait until they are there.

A push to a missing repository fails, and no client tries it again by itself. `InitiateLayerUpload` needs nothing but
push permissions and raises the very event that a push raises; `BatchCheckLayerAvailability` tells when the repository
is there. Pure but for what is handed in: registries, ledger, clock and sleep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, Protocol

from deployer.images import ImageReference

FIRST_DELAY: Final = 0.5
DELAY_GROWTH: Final = 1.5
LONGEST_DELAY: Final = 5.0
CALM_AFTER: Final = 10.0
CALM_GAP: Final = 1.0
"""After ten seconds at most one call a second is made, however many repositories are waited for."""
ASK_AGAIN_AFTER: Final = 30.0
"""CloudTrail delivers to EventBridge on a best-effort basis, so a request that nobody heard is made again.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-delivery-level.html"""
CLOCK_TOLERANCE: Final = 10.0
"""Seconds that the caller's clock may be ahead of AWS's. CloudTrail besides cuts its times down to whole seconds."""


class Registries(Protocol):
    """The two calls that a push begins with. Both give whether the repository is there."""

    def ask_for(self, image: ImageReference) -> bool:
        """InitiateLayerUpload: on a missing repository it raises the event that creates one."""

    def is_there(self, image: ImageReference) -> bool:
        """BatchCheckLayerAvailability: asks without causing anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the ledger says that a repository will not appear: a rule does not want it, or creating it failed."""

    reason: str
    outcome: Literal["refused", "failed"] = "refused"
    rule: str | None = None
    detail: str | None = None
    ou_path: str | None = None
    account_name: str | None = None


class Ledger(Protocol):
    """The decisions, for those who may read them."""

    def refusal_of(self, image: ImageReference, *, since: float) -> Refusal | None:
        """The refusal of a repository since a moment (epoch seconds); None where there is none, or none to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """The repository exists. `seconds` is 0 when it did before."""

    exit_code: ClassVar[int] = 0

    image: ImageReference
    seconds: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The ledger has the decision, and it is against the repository: waiting would not help."""

    exit_code: ClassVar[int] = 19

    image: ImageReference
    refusal: Refusal
    seconds: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """The repository did not appear in time."""

    exit_code: ClassVar[int] = 18

    image: ImageReference
    seconds: float
    calls: int


Outcome = There | Refused | TimedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`now` gives epoch seconds; `sleep` waits for seconds."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(slots=True)
class _Wait:
    """One repository that is waited for."""

    image: ImageReference
    asked_at: float
    due_at: float = 0.0
    delay: float = FIRST_DELAY
    calls: int = 1
    begun_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun_at = self.asked_at
        self.due_at = self.asked_at + self.delay

    def call(self, registries: Registries, now: float) -> bool:
        self.calls += 1
        if now - self.asked_at >= ASK_AGAIN_AFTER:
            self.asked_at = now
            return registries.ask_for(self.image)
        return registries.is_there(self.image)

    def postpone(self, now: float) -> None:
        self.delay = min(self.delay * DELAY_GROWTH, LONGEST_DELAY)
        self.due_at = now + self.delay


def _silent(images: Sequence[ImageReference], seconds: float) -> None:
    """Hear of a wait and say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensurer:
    """Brings repositories about. `on_waiting` hears before each wait which are missing, and for how many seconds."""

    registries: Registries
    clock: Clock
    ledger: Ledger | None = None
    on_waiting: Callable[[Sequence[ImageReference], float], None] = _silent

    def ensure(self, images: Iterable[ImageReference], *, timeout: float) -> tuple[Outcome, ...]:
        """What became of each repository, in the order of `images`; `timeout` seconds are for all of them together.

        A repository that is there costs one call and no wait. Errors of the registries pass on.
        """
        wanted: dict[str, ImageReference] = {}
        for image in images:
            wanted.setdefault(_repository(image), image)
        begun_at = self.clock.now()
        outcomes: dict[str, Outcome] = {}
        waits: dict[str, _Wait] = {}
        for key, image in wanted.items():
            asked_at = self.clock.now()
            if self.registries.ask_for(image):
                outcomes[key] = There(image=image, seconds=0.0, calls=1)
            else:
                waits[key] = _Wait(image, asked_at)
        outcomes |= self._wait(waits, begun_at=begun_at, deadline=begun_at + timeout)
        return tuple(outcomes[key] for key in wanted)

    def _wait(self, waits: dict[str, _Wait], *, begun_at: float, deadline: float) -> dict[str, Outcome]:
        """Look at whichever is due next until none is left to look at."""
        outcomes: dict[str, Outcome] = {}
        called_at = self.clock.now()
        while waits:
            key = min(waits, key=lambda each: waits[each].due_at)
            due_at = waits[key].due_at
            if max(due_at, called_at) - begun_at >= CALM_AFTER:
                due_at = max(due_at, called_at + CALM_GAP)
            self._pause(waits, until=min(due_at, deadline))
            called_at = self.clock.now()
            outcome = self._look(waits[key], deadline=deadline)
            if outcome is not None:
                outcomes[key] = outcome
                del waits[key]
        return outcomes

    def _pause(self, waits: Mapping[str, _Wait], *, until: float) -> None:
        now = self.clock.now()
        if until > now:
            self.on_waiting(
                [wait.image for wait in waits.values()], now - min(each.begun_at for each in waits.values())
            )
            self.clock.sleep(until - now)

    def _look(self, wait: _Wait, *, deadline: float) -> Outcome | None:
        """What one more look gives; None to go on waiting. The last look is at the deadline itself."""
        now = self.clock.now()
        if wait.call(self.registries, now):
            return There(image=wait.image, seconds=now - wait.begun_at, calls=wait.calls)
        refusal = self._refusal(wait)
        if refusal is not None:
            return Refused(image=wait.image, refusal=refusal, seconds=now - wait.begun_at, calls=wait.calls)
        if now >= deadline:
            return TimedOut(image=wait.image, seconds=now - wait.begun_at, calls=wait.calls)
        wait.postpone(now)
        return None

    def _refusal(self, wait: _Wait) -> Refusal | None:
        """One that was decided since the repository was asked for; an older one may be by rules of the past."""
        if self.ledger is None:
            return None
        return self.ledger.refusal_of(wait.image, since=wait.begun_at - CLOCK_TOLERANCE)


def exit_code_of(outcomes: Iterable[Outcome]) -> int:
    """0 when all are there; a refusal, which waiting cannot cure, wins over a time-out."""
    return max((outcome.exit_code for outcome in outcomes), default=0)


def _repository(image: ImageReference) -> str:
    """Two tags of one repository are one thing to wait for."""
    return f"{image.registry.account}/{image.registry.region}/{image.repository}"
