"""Receives messages from the failures queue and dead-letter queues and redrives them; AWS is behind Protocols.

No event is lost or blocked, whatever happens in between:

1. Received messages are hidden from other readers for a while, and visible again at the end, or by timeout if this
   process is killed. Two redrives at once share the messages between them.
2. A message is deleted only after Lambda has accepted its event (it stores an asynchronous invocation first).
3. If the process is killed between the two, the next redrive sends the event again, and the handler is idempotent.
4. All messages are received before the first event is sent, so that an event that fails again is not redriven again.
5. An error of one queue is reported as that queue's problem: the others are read and redriven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

from deployer.errors import DeployerError
from deployer.failures.messages import Failure, Message, Queue, Selection, read
from deployer.organization import Organization
from handler.text import clean

PARALLEL = 16
"""Queues that are read, and events that are sent, in parallel."""

MAX_MESSAGES, MAX_CHARACTERS = 10_000, 32 * 2**20
"""The most that is received from one member's queue: its administrator may fill it with messages of 1 MiB."""

HOLD_SECONDS = 300
"""How long a message is hidden from others; renewed before it is acted on."""

RedriveStatus = Literal["put back", "put back, not deleted", "taken by another", "not taken by Lambda", "left alone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The approximate number of messages in a queue: visible, and held by a reader or delayed."""

    visible: int
    held: int


class Queues(Protocol):
    """SQS; `deployer.aws.queues` is the one that calls AWS. Each raises DeployerError if a queue cannot be reached."""

    def depth(self, queue: Queue) -> Depth: ...

    def receive(self, queue: Queue, *, hold_seconds: int) -> Sequence[Message]:
        """At most ten messages; none only if none are visible."""

    def hold(self, queue: Queue, messages: Sequence[Message], *, seconds: int) -> frozenset[str]:
        """Hide messages for this long, or make them visible with 0; returns the ids of those that were still ours."""

    def delete(self, queue: Queue, message: Message) -> None: ...


class Function(Protocol):
    """The handler; `deployer.aws.function` is the one that calls AWS."""

    def invoke(self, event: object) -> None:
        """Send an event; returns once Lambda has accepted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfReach:
    """A queue that could not be read, and why."""

    queue: Queue
    problem: str


@dataclass(slots=True, kw_only=True)
class ReceivedFailures:
    """The content of the queues: matching failures, the number of others, and queues that could not be read."""

    failures: list[Failure] = field(default_factory=list)
    others: list[Failure] = field(default_factory=list)
    held_elsewhere: int = 0
    """The approximate number of messages that other readers hold, or their senders delayed."""
    not_received: int = 0
    """The approximate number of messages that SQS counts but did not return: just deleted, or returned later."""
    out_of_reach: list[OutOfReach] = field(default_factory=list)
    is_truncated: bool = False
    """Whether more may exist than was received."""

    @property
    def hidden(self) -> int:
        """The approximate number of messages that this reader did not receive."""
        return self.held_elsewhere + self.not_received


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveResult:
    """The result for one failure."""

    failure: Failure
    status: RedriveStatus
    problem: str = ""


def find(
    queues: Queues,
    all_queues: Iterable[Queue],
    *,
    selection: Selection,
    organization: Organization,
    limit: int,
) -> ReceivedFailures:
    """Receive messages from the queues, page by page, and keep them hidden; `release` makes them visible.

    Of more than `limit` failures, each account of each queue gets a share: many of one do not hide those of others.
    """
    selected = [queue for queue in all_queues if selection.may_hold(queue, organization)]
    reads = [_QueueRead(queue=queue) for queue in selected]

    def matches(failure: Failure) -> bool:
        return selection.matches(failure, organization)

    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(lambda state: _read_queue(queues, state, matches=matches, limit=limit), reads))
    except BaseException:
        release(queues, [failure for state in reads for failure in state.received.values()])
        raise
    found = _combined(reads, matches=matches)
    if len(found.failures) > limit:
        chosen = set(_shares(found.failures)[:limit])
        found.others += [failure for number, failure in enumerate(found.failures) if number not in chosen]
        found.failures = [failure for number, failure in enumerate(found.failures) if number in chosen]
        found.is_truncated = True
    return found


@dataclass(slots=True, kw_only=True)
class _QueueRead:
    """The results of one queue so far; kept outside the read itself, so that no received message is lost."""

    queue: Queue
    depth: Depth = field(default_factory=lambda: Depth(visible=0, held=0))
    received: dict[str, Failure] = field(default_factory=dict)
    is_truncated: bool = False
    problem: str = ""


def _read_queue(queues: Queues, state: _QueueRead, *, matches: Callable[[Failure], bool], limit: int) -> None:
    """Read a queue; an error is kept as its problem, beside what was received before."""
    try:
        _receive_all(queues, state, matches=matches, limit=limit)
    except Exception as error:  # noqa: BLE001 - no queue's answer may keep the others from being read
        state.problem = _problem(error)


def _receive_all(queues: Queues, state: _QueueRead, *, matches: Callable[[Failure], bool], limit: int) -> None:
    """All visible messages of one queue, up to `limit` matching failures, or up to the maximum size.

    A member's queue that reports no messages is not read again: there may be thousands, and its count is a minute old
    at most. The failures queue is always read.
    """
    state.depth = queues.depth(state.queue)
    count = size = 0
    while state.depth.visible or state.queue.is_central:
        is_flood = len(state.received) >= MAX_MESSAGES or size >= MAX_CHARACTERS
        if count >= limit or (is_flood and not state.queue.is_central):
            state.is_truncated = True
            break
        messages = queues.receive(state.queue, hold_seconds=HOLD_SECONDS)
        new = [read(message, state.queue) for message in messages if message.id not in state.received]
        if not new:
            break
        state.received |= {failure.message.id: failure for failure in new}
        count += sum(matches(failure) for failure in new)
        size += sum(len(failure.message.body) for failure in new)


def _combined(reads: Iterable[_QueueRead], *, matches: Callable[[Failure], bool]) -> ReceivedFailures:
    found = ReceivedFailures()
    for state in reads:
        found.held_elsewhere += state.depth.held
        if not (state.is_truncated or state.problem):
            found.not_received += max(0, state.depth.visible - len(state.received))
        found.is_truncated |= state.is_truncated
        if state.problem:
            found.out_of_reach.append(OutOfReach(queue=state.queue, problem=state.problem))
        for failure in state.received.values():
            (found.failures if matches(failure) else found.others).append(failure)
    found.failures.sort(key=lambda failure: (not failure.queue.is_central, failure.queue, failure.happened))
    return found


def _shares(failures: Sequence[Failure]) -> list[int]:
    """Positions in the order of shares: the first failure of each account of each queue, then the second of each."""
    seen: Counter[tuple[Queue, str]] = Counter()
    turns: list[tuple[int, int]] = []
    for number, failure in enumerate(failures):
        seen[failure.queue, failure.account] += 1
        turns.append((seen[failure.queue, failure.account], number))
    return [number for _, number in sorted(turns)]


def _problem(error: Exception) -> str:
    """An error as text; an unexpected one has its type."""
    return error.message if isinstance(error, DeployerError) else clean(f"{type(error).__name__}: {error}", limit=200)


def release(queues: Queues, failures: Iterable[Failure]) -> None:
    """Make messages visible again. Those that cannot be reached become visible by timeout."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda batch: _release(queues, batch), _batches(failures)))


def _release(queues: Queues, batch: Sequence[Failure]) -> None:
    # After any error, the other batches are still released, and these become visible by timeout.
    with suppress(Exception):
        queues.hold(batch[0].queue, [failure.message for failure in batch], seconds=0)


def redrive(
    queues: Queues,
    function: Function,
    failures: Sequence[Failure],
    *,
    report: Callable[[RedriveResult], None],
) -> list[RedriveResult]:
    """Send events and delete their messages, ten at a time; messages that were not sent become visible again."""
    done: list[RedriveResult] = []
    with ThreadPoolExecutor(PARALLEL) as pool:
        for batch in _batches(failures):
            invoke = partial(_redrive, queues, function, held=_extend_hold(queues, batch))
            for one in pool.map(invoke, batch):
                done.append(one)
                report(one)
    release(queues, [one.failure for one in done if one.status in {"not taken by Lambda", "left alone"}])
    return done


def _extend_hold(queues: Queues, batch: Sequence[Failure]) -> frozenset[str] | DeployerError:
    """Extend the hold on messages; for some it may have ended while a person confirmed."""
    try:
        return queues.hold(batch[0].queue, [failure.message for failure in batch], seconds=HOLD_SECONDS)
    except DeployerError as error:
        return error


def _redrive(
    queues: Queues, function: Function, failure: Failure, *, held: frozenset[str] | DeployerError
) -> RedriveResult:
    if failure.obstacle:
        return RedriveResult(failure=failure, status="left alone", problem=failure.obstacle)
    if isinstance(held, DeployerError):
        return RedriveResult(failure=failure, status="left alone", problem=held.message)
    if failure.message.id not in held:
        return RedriveResult(failure=failure, status="taken by another")
    try:
        function.invoke(failure.redrivable)
    except Exception as error:  # noqa: BLE001 - no event may keep the others from being handed over
        return RedriveResult(failure=failure, status="not taken by Lambda", problem=_problem(error))
    try:
        queues.delete(failure.queue, failure.message)
    except DeployerError as error:
        return RedriveResult(failure=failure, status="put back, not deleted", problem=error.message)
    return RedriveResult(failure=failure, status="put back")


def _batches(failures: Iterable[Failure]) -> Iterator[list[Failure]]:
    """Ten messages of one queue at a time, as many as SQS accepts in a call."""
    by_queue: dict[Queue, list[Failure]] = {}
    for failure in failures:
        by_queue.setdefault(failure.queue, []).append(failure)
    for some in by_queue.values():
        yield from (some[start : start + 10] for start in range(0, len(some), 10))
