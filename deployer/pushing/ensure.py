"""Make repositories exist before the first push: through the handler's URL if it is known, else by a push's first call.

A push to a missing repository fails, and no client retries it. `InitiateLayerUpload` needs only the permissions of a
push and causes the same event as a push; `BatchCheckLayerAvailability` shows whether the repository exists. Pure except
for the requests, registries, ledger and clock that it receives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, Protocol

from deployer.clock import Clock
from deployer.errors import PermissionDeniedError
from deployer.pushing.images import ImageReference
from deployer.pushing.request_lane import Answer, RequestLane

FIRST_DELAY: Final = 0.5
DELAY_GROWTH: Final = 1.5
LONGEST_DELAY: Final = 5.0
RATE_LIMIT_AFTER: Final = 10.0
RATE_LIMIT_INTERVAL: Final = 1.0
"""After ten seconds at most one call a second is made, regardless of the number of missing repositories."""
TICK: Final = 1.0
"""The interval of reports while waiting."""
REPEAT_REQUEST_AFTER: Final = 30.0
"""CloudTrail delivers to EventBridge on a best-effort basis, so a request whose event was lost is repeated.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-delivery-level.html"""
POLICY_DELAY: Final = 5.0
"""Seconds that a new repository of another account may deny the push: its policy is set after it (assumption A36)."""
CLOCK_TOLERANCE: Final = 10.0
"""Seconds that the caller's clock may be ahead of AWS's. CloudTrail also truncates its times to whole seconds."""


class Registries(Protocol):
    """The two calls that a push begins with. Both return whether the repository exists (assumption A14)."""

    def request(self, image: ImageReference) -> bool:
        """InitiateLayerUpload: if the repository is missing, the call causes the event that creates it."""

    def exists(self, image: ImageReference) -> bool:
        """BatchCheckLayerAvailability: has no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a repository will not be created, from the ledger: a rule refuses it, or its creation failed."""

    reason: str
    outcome: Literal["refused", "failed"] = "refused"
    rule: str | None = None
    detail: str | None = None
    ou_path: str | None = None
    account_name: str | None = None
    message: str | None = None
    next_step: str | None = None
    """What happened and what the pusher can do, if the handler itself answered."""
    principal: str | None = None
    """The ARN of the caller that was refused, if the ledger has one."""


class Ledger(Protocol):
    """The handler's decisions, for callers who may read them."""

    @property
    def is_readable(self) -> bool:
        """False once a query was denied or found no ledger."""

    def refusal_of(self, image: ImageReference, *, since: float) -> Refusal | None:
        """The refusal of a repository since a moment (epoch seconds); None if there is none, or it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists:
    """The repository exists. `seconds` is 0 if it existed before the request."""

    exit_code: ClassVar[int] = 0

    image: ImageReference
    seconds: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The handler refused the repository or failed to create it: waiting does not help."""

    exit_code: ClassVar[int] = 19

    image: ImageReference
    refusal: Refusal
    seconds: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """The repository did not exist before the deadline."""

    exit_code: ClassVar[int] = 18

    image: ImageReference
    seconds: float
    calls: int
    accepted: Answer | None = None
    """The handler's answer if it accepted the request without finishing it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedOnPush:
    """ECR creates the repository during the push, so nothing was requested, whether it exists or not."""

    exit_code: ClassVar[int] = 0
    seconds: ClassVar[float] = 0.0
    calls: ClassVar[int] = 0

    image: ImageReference
    template: str
    """The creation template, as a message names it."""


Outcome = Exists | CreatedOnPush | Refused | TimedOut


@dataclass(slots=True)
class _Wait:
    """A missing repository, and when it is checked next."""

    image: ImageReference
    requested_at: float
    due_at: float = 0.0
    delay: float = field(default_factory=lambda: FIRST_DELAY)
    calls: int = 1
    accepted: Answer | None = None
    """The handler's answer if it accepted the request without finishing it."""
    is_for_the_ledger: bool = False
    """Whether the next turn is to read the ledger, since the registry has just been called."""
    is_cleared: bool = False
    """Whether the ledger has just been read and has no refusal, so that the request may be repeated."""
    denied_since: float | None = None
    """When a check was first denied: the repository exists, and its policy does not allow the push, or not yet."""
    begun_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun_at = self.requested_at
        self.due_at = self.requested_at + self.delay

    def is_to_be_repeated(self, now: float) -> bool:
        return now - self.requested_at >= REPEAT_REQUEST_AFTER

    def call(self, registries: Registries, now: float, *, deadline: float) -> bool:
        """Whether the repository exists; a denial is an error if it lasts."""
        self.calls += 1
        if self.is_to_be_repeated(now):
            self.requested_at, self.is_cleared = now, False
            return registries.request(self.image)
        try:
            return registries.exists(self.image)
        except PermissionDeniedError:
            if self.denied_since is None:
                self.denied_since = now
            if now >= deadline or now - self.denied_since >= POLICY_DELAY:
                raise
            return False

    def postpone(self, now: float) -> None:
        self.delay = min(self.delay * DELAY_GROWTH, LONGEST_DELAY)
        self.due_at = now + self.delay

    def timed_out(self, now: float) -> TimedOut:
        return TimedOut(image=self.image, seconds=now - self.begun_at, calls=self.calls, accepted=self.accepted)


def _turn(due_at: float, *, called_at: float, begun_at: float, deadline: float) -> float:
    """When to make the next call: when it is due or at the deadline, but at most once a second after a while.

    A time after the deadline means that no time is left for it. A call in the last second is made at its end, so that
    one repository is checked at the deadline itself, whenever it was due.
    """
    turn = min(max(due_at, called_at), deadline)
    if turn - begun_at < RATE_LIMIT_AFTER:
        return turn
    turn = max(turn, called_at + RATE_LIMIT_INTERVAL)
    return deadline if deadline - RATE_LIMIT_INTERVAL < turn < deadline else turn


def _silent(images: Sequence[ImageReference], seconds: float) -> None:
    """Receive a wait's report and print nothing."""


def _no_template(image: ImageReference) -> str | None:
    """No creation template is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensurer:
    """Makes repositories exist. `on_waiting` receives every second which are missing, and for how many seconds.

    `template_of` gives the creation template by which ECR creates a repository during the push, if one is known.
    """

    registries: Registries
    clock: Clock
    requests: RequestLane | None = None
    ledger: Ledger | None = None
    template_of: Callable[[ImageReference], str | None] = _no_template
    on_waiting: Callable[[Sequence[ImageReference], float], None] = _silent

    def ensure(
        self, images: Iterable[ImageReference], *, timeout: float, push_failed: bool = False
    ) -> tuple[Outcome, ...]:
        """The result for each repository, in the order of `images`; `timeout` seconds are for all of them together.

        A repository that exists costs one call and no wait; one that ECR creates during the push costs none, unless
        `push_failed`: then it is requested nevertheless. Errors of the registries propagate. What the handler has
        decided is not requested again; what it accepted and has not finished is waited for.
        """
        named: dict[str, ImageReference] = {}
        for image in images:
            named.setdefault(image.repository_key, image)
        outcomes = {} if push_failed else self._created_on_push(named)
        requested = {key: image for key, image in named.items() if key not in outcomes}
        outcomes |= self._request(requested, timeout=timeout) if requested else {}
        return tuple(outcomes[key] for key in named)

    def _created_on_push(self, images: Mapping[str, ImageReference]) -> dict[str, Outcome]:
        templates = ((key, image, self.template_of(image)) for key, image in images.items())
        return {key: CreatedOnPush(image=image, template=found) for key, image, found in templates if found}

    def _request(self, requested: Mapping[str, ImageReference], *, timeout: float) -> dict[str, Outcome]:
        begun_at = self._now()
        answers = self.requests.answers(requested.values()) if self.requests else {}
        outcomes: dict[str, Outcome] = {}
        waits: dict[str, _Wait] = {}
        for key, image in requested.items():
            requested_at = self._now()
            answer = answers.get(key)
            if answer is not None and answer.outcome != "pending":
                outcomes[key] = _decided(image, answer, seconds=requested_at - begun_at)
            elif answer is not None:
                waits[key] = _Wait(image, requested_at, accepted=answer)
            elif self.registries.request(image):
                outcomes[key] = Exists(image=image, seconds=0.0, calls=1)
            else:
                waits[key] = _Wait(image, requested_at)
        return outcomes | self._wait(waits, begun_at=begun_at, deadline=begun_at + timeout)

    def _wait(self, waits: dict[str, _Wait], *, begun_at: float, deadline: float) -> dict[str, Outcome]:
        """Check the repository that is due next until none is left, or the next check would be after the deadline."""
        outcomes: dict[str, Outcome] = {}
        called_at = self._now()
        while waits:
            key = min(waits, key=lambda each: waits[each].due_at)
            turn = _turn(waits[key].due_at, called_at=called_at, begun_at=begun_at, deadline=deadline)
            self._pause(waits, until=min(turn, deadline))
            if turn > deadline:
                return outcomes | {key: wait.timed_out(self._now()) for key, wait in waits.items()}
            called_at = self._now()
            outcome = self._poll(
                waits[key], deadline=deadline, is_rate_limited=called_at - begun_at >= RATE_LIMIT_AFTER
            )
            if outcome is not None:
                outcomes[key] = outcome
                del waits[key]
        return outcomes

    def _pause(self, waits: Mapping[str, _Wait], *, until: float) -> None:
        begun_at = min(wait.begun_at for wait in waits.values())
        while (now := self._now()) < until:
            self.on_waiting([wait.image for wait in waits.values()], now - begun_at)
            self.clock.sleep(min(until - now, TICK))

    def _poll(self, wait: _Wait, *, deadline: float, is_rate_limited: bool) -> Outcome | None:
        """The result of one more poll; None to continue waiting. When calls are limited, the ledger has its own turn.

        The ledger is also read before a request is repeated: a refused request is not repeated.
        """
        now = self._now()
        is_repeat = wait.is_to_be_repeated(now) and not wait.is_cleared and now < deadline and self._is_ledger_readable
        wait.is_cleared = is_repeat
        calls_registry = not wait.is_for_the_ledger and not is_repeat
        if calls_registry and wait.call(self.registries, now, deadline=deadline):
            return Exists(image=wait.image, seconds=now - wait.begun_at, calls=wait.calls)
        if calls_registry and is_rate_limited and now < deadline and self._is_ledger_readable:
            wait.is_for_the_ledger, wait.due_at = True, now
            return None
        refusal = None if calls_registry and is_rate_limited else self._refusal(wait)
        if refusal is not None:
            return Refused(image=wait.image, refusal=refusal, seconds=now - wait.begun_at, calls=wait.calls)
        if now >= deadline:
            return wait.timed_out(now)
        wait.is_for_the_ledger = False
        wait.postpone(now)
        wait.due_at = now if is_repeat else wait.due_at
        return None

    def _now(self) -> float:
        """Epoch seconds, to compare with the times of the ledger."""
        return self.clock.now().timestamp()

    @property
    def _is_ledger_readable(self) -> bool:
        return self.ledger is not None and self.ledger.is_readable

    def _refusal(self, wait: _Wait) -> Refusal | None:
        """The refusal since the request; an older one may result from rules that have changed."""
        if self.ledger is None or not self.ledger.is_readable:
            return None
        return self.ledger.refusal_of(wait.image, since=wait.begun_at - CLOCK_TOLERANCE)


def _decided(image: ImageReference, answer: Answer, *, seconds: float) -> Exists | Refused:
    match answer.outcome:
        case "created":
            return Exists(image=image, seconds=seconds, calls=1)
        case "exists":
            return Exists(image=image, seconds=0.0, calls=1)
    refusal = Refusal(
        outcome="failed" if answer.outcome == "failed" else "refused",
        reason=answer.reason,
        rule=answer.rule or None,
        message=answer.message or None,
        next_step=answer.next_step or None,
    )
    return Refused(image=image, refusal=refusal, seconds=seconds, calls=1)


def exit_code_of(outcomes: Iterable[Outcome]) -> int:
    """0 if all exist; a refusal, which waiting cannot change, takes precedence over a time-out."""
    return max((outcome.exit_code for outcome in outcomes), default=0)
