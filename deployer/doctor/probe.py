"""Follows one request through an installation, from the call of a push to the ledger, and deletes its repository.

The repository has a name that only probes use. The rules of its OU apply as to any other, so a refusal proves the path
up to the decision; a created repository proves the rest, and is deleted at once. A probe only deletes repositories that
have deployer's tag. Pure; AWS and the clock are arguments.
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
"""The owner of a repository with the probe's name: none, deployer (by its tag), or another."""

ProbeStatus = Literal["created", "refused", "failed", "timed-out", "not-asked", "unrecorded"]
"""`created`, `refused`, `failed`: the ledger's outcome. `not-asked`: the request could not be sent. `unrecorded`: the
repository appeared, and the ledger has no record of it."""

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 5.0
CLOCK_TOLERANCE: Final = timedelta(seconds=10)
"""How far the caller's clock may be ahead of AWS's; CloudTrail also truncates times to whole seconds."""
_AT_ONCE: Final = 8
"""Targets that are requested or cleaned up in parallel."""
_BY_OTHERS: Final = "ECR created the probe's repository by a creation template that is not deployer's"
_REMOVALS: Final = 6
"""Attempts to delete: the tag that permits it may take seconds to take effect."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One account and region."""

    account: str
    region: str


class Registries(Protocol):
    """The probe's repository in each registry. Calls raise DeployerError if a registry cannot be reached."""

    def holder(self, target: Target) -> Held: ...

    def ask(self, target: Target) -> bool:
        """Begin an upload, as a push does; returns whether the repository existed (assumption A32)."""

    def remove(self, target: Target) -> bool:
        """Delete the repository; False if it holds an image or does not exist."""


class Records(Protocol):
    """The ledger's decisions about the probe's repository."""

    def since(self, moment: datetime, targets: Iterable[Target]) -> Iterable[Record]:
        """Records of events since a moment, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The duration of one part of the request's path, in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The result of one probe. `left` is why its repository was not deleted, `detail` the reason for the result."""

    target: Target
    state: ProbeStatus
    reason: str = ""
    detail: str = ""
    steps: tuple[Step, ...] = ()
    left: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether events are processed, and no repository is left."""
        return self.state in {"created", "refused"} and not self.left


OnResult = Callable[[ProbeResult], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Probes targets in parallel; `on_result` receives each result as soon as it is known."""

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
        """Request the repository; a result if that was not possible."""
        try:
            held = self.registries.holder(target)
            is_free = held == "absent" or (held == "ours" and self._remove(target))  # left by an interrupted probe
            if held != "other" and (not self.registries.ask(target) or is_free):
                return target  # if it exists now, ECR created it by a template, and the handler completes it
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
            if target in pending and record.action != "deleted":  # as probes do
                found[target] = result_of(record, target, seen_at=now)
        return found

    def _settle(self, result: ProbeResult) -> ProbeResult:
        """Delete the repository; a failed request may have created one too."""
        if result.state == "refused":
            return result
        try:
            if self.registries.holder(result.target) != "ours":
                return result
            return replace(result, left="" if self._remove(result.target) else "it holds an image")
        except DeployerError as error:
            return replace(result, left=error.message)

    def _give_up(self, target: Target) -> ProbeResult:
        """No record arrived in time; the repository may exist anyway."""
        silent = ProbeResult(target=target, state="timed-out", detail="No record reached the ledger in time")
        try:
            exists = self.registries.holder(target) == "ours"
        except DeployerError:
            return silent
        return self._settle(replace(silent, state="unrecorded")) if exists else silent

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
    """The result that a record shows, with the duration of each part of the path."""
    state: ProbeStatus = "refused"
    if record.outcome in {"created", "exists", "violation"}:
        state = "created"
    elif record.outcome == "observed":
        return ProbeResult(target=target, state="not-asked", detail=_BY_OTHERS)
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
