"""One request followed through an installation: asked for as a push asks, to the ledger, and taken back again.

The repository has a name that only probes use. The rules of its OU apply to it as to any other, so that a refusal
proves the path up to the decision; only a repository that was created proves the rest, and it is deleted at once. What
a probe is not sure to have been made by deployer it never deletes. Pure but for what is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from deployer.clock import Clock
from deployer.errors import DeployerError, PermissionDeniedError
from handler.records import Record

Held = Literal["absent", "ours", "other"]
"""Who has a repository under the probe's name: nobody, deployer by its tag, or somebody else."""

ProbeStatus = Literal["created", "refused", "failed", "timed-out", "not-asked", "unrecorded"]
"""`created`, `refused`, `failed`: as the ledger says. `not-asked`: it could not be asked for. `unrecorded`: the
repository appeared, and the ledger has no record of it."""

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 5.0
CLOCK_TOLERANCE: Final = timedelta(seconds=10)
"""How far the caller's clock may be ahead of AWS's; CloudTrail besides cuts its times down to whole seconds."""
_AT_ONCE: Final = 8
"""Targets that are asked or cleaned up side by side."""
_REMOVALS: Final = 6
"""Tries to delete, since a tag that allows it may take seconds to count."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One account and region."""

    account: str
    region: str


class Registries(Protocol):
    """The probe's repository in each registry. Calls raise DeployerError for what is out of reach."""

    def holder(self, target: Target) -> Held: ...

    def ask(self, target: Target) -> bool:
        """Begin an upload, as a push does; whether the repository existed by then."""

    def remove(self, target: Target) -> bool:
        """Delete the repository; False if it holds an image or is gone."""


class Records(Protocol):
    """The ledger's decisions about the probe's repository."""

    def since(self, moment: datetime, targets: Iterable[Target]) -> Iterable[Record]:
        """Those of events since a moment, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of the way, in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """How one probe ended. `left` says what it could not take back, `detail` why it ended so."""

    target: Target
    state: ProbeStatus
    reason: str = ""
    detail: str = ""
    steps: tuple[Step, ...] = ()
    left: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether events come through, and nothing is left behind."""
        return self.state in {"created", "refused"} and not self.left


OnResult = Callable[[ProbeResult], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Probes targets side by side; `on_result` receives each as soon as it is known."""

    registries: Registries
    records: Records
    clock: Clock
    on_result: OnResult = lambda _: None

    def probe(self, targets: Iterable[Target], *, timeout: float) -> tuple[ProbeResult, ...]:
        """The outcome of each target, in order; `timeout` in seconds is for all of them together."""
        chosen = sorted(set(targets))
        begun = self.clock.now()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = {one.target: one for one in pool.map(self._ask, chosen) if isinstance(one, ProbeResult)}
            for result in results.values():
                self.on_result(result)
            pending = [target for target in chosen if target not in results]
            for found in self._follow(pending, begun, timeout, pool):
                self.on_result(found)
                results[found.target] = found
        return tuple(results[target] for target in chosen)

    def _ask(self, target: Target) -> ProbeResult | Target:
        """Ask for the repository; an outcome if that was not possible."""
        try:
            held = self.registries.holder(target)
            if held == "ours":  # what an interrupted probe left
                self._remove(target)
            if held != "other" and not self.registries.ask(target):
                return target
        except DeployerError as error:
            return ProbeResult(target=target, state="not-asked", detail=error.message)
        return ProbeResult(
            target=target,
            state="not-asked",
            detail="A repository of the probe's name exists that deployer did not create",
        )

    def _follow(
        self, pending: list[Target], begun: datetime, timeout: float, pool: ThreadPoolExecutor
    ) -> Iterable[ProbeResult]:
        delay, deadline = FIRST_DELAY, begun + timedelta(seconds=timeout)
        while pending:
            found = self._decided(pending, begun)
            pending = [target for target in pending if target not in found]
            yield from pool.map(self._settle, found.values())
            now = self.clock.now()
            if pending and now >= deadline:
                yield from pool.map(self._give_up, pending)
                return
            if pending:
                self.clock.sleep(min(delay, max((deadline - now).total_seconds(), 0.0)))
                delay = min(delay * 1.5, LONGEST_DELAY)

    def _decided(self, pending: list[Target], begun: datetime) -> Mapping[Target, ProbeResult]:
        seen = self.records.since(begun - CLOCK_TOLERANCE, pending)
        now = self.clock.now()
        found: dict[Target, ProbeResult] = {}
        for record in sorted(seen, key=lambda one: one.received_at):
            target = Target(record.account, record.region or "")
            if target in pending:
                found[target] = result_of(record, target, seen_at=now)
        return found

    def _settle(self, result: ProbeResult) -> ProbeResult:
        """Take back what was created; a failure may have left a repository as well."""
        if result.state == "refused":
            return result
        try:
            if self.registries.holder(result.target) != "ours":
                return result
            return replace(result, left="" if self._remove(result.target) else "it holds an image")
        except DeployerError as error:
            return replace(result, left=error.message)

    def _give_up(self, target: Target) -> ProbeResult:
        """No record came in time; the repository may be there even so."""
        silent = ProbeResult(target=target, state="timed-out", detail="No record reached the ledger in time")
        try:
            is_there = self.registries.holder(target) == "ours"
        except DeployerError:
            return silent
        return self._settle(replace(silent, state="unrecorded")) if is_there else silent

    def _remove(self, target: Target) -> bool:
        for remaining in reversed(range(_REMOVALS)):
            try:
                return self.registries.remove(target)
            except PermissionDeniedError:
                if not remaining:
                    raise
                self.clock.sleep(FIRST_DELAY)
        raise AssertionError("unreachable")


def result_of(record: Record, target: Target, *, seen_at: datetime) -> ProbeResult:
    """What a record says, with the time of each part of the way that it shows."""
    state: ProbeStatus = "refused"
    if record.outcome in {"created", "exists"}:
        state = "created"
    elif record.outcome == "failed":
        state = "failed"
    return ProbeResult(
        target=target, state=state, reason=record.reason, detail=record.detail or record.rule or "",
        steps=tuple(_steps(record, seen_at)),
    )  # fmt: skip


def _steps(record: Record, seen_at: datetime) -> Iterable[Step]:
    yield Step(name="call to handler", seconds=_between(record.event_time, record.received_at))
    if record.created_at is not None:
        yield Step(name="handler to repository", seconds=_between(record.received_at, record.created_at))
    yield Step(name="call to ledger, as read here", seconds=_between(record.event_time, seen_at))


def _between(earlier: datetime, later: datetime) -> float:
    return max((later - earlier).total_seconds(), 0.0)
