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
from typing import Any, Literal, Protocol

from deployer.errors import DeployerError
from deployer.failures.messages import Failure, Message, Queue, Selection, read
from deployer.organization import Organization
from handler.text import clean

AT_ONCE = 16
"""Queues that are read, and events that are sent, in parallel."""

MOST_MESSAGES, MOST_CHARACTERS = 10_000, 32 * 2**20
"""The most that is received from one member's queue: its administrator may fill it with messages of 1 MiB."""

HOLD_SECONDS = 300
"""How long a message is hidden from others; renewed before it is acted on."""

Fate = Literal["put back", "put back, not deleted", "taken by another", "not taken by Lambda", "left alone"]


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

    def hand_over(self, event: Any) -> None:
        """Send an event; returns once Lambda has accepted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfReach:
    """A queue that could not be read, and why."""

    queue: Queue
    problem: str


@dataclass(slots=True, kw_only=True)
class Found:
    """Content of the queues: failures that match, the number of others, and queues that could not be read."""

    failures: list[Failure] = field(default_factory=list)
    others: list[Failure] = field(default_factory=list)
    held_elsewhere: int = 0
    """The approximate number of messages that other readers hold, or their senders delayed."""
    not_received: int = 0
    """The approximate number of messages that SQS counts but did not return: just deleted, or returned later."""
    out_of_reach: list[OutOfReach] = field(default_factory=list)
    is_cut: bool = False
    """Whether more may exist than was received."""

    @property
    def hidden(self) -> int:
        """The approximate number of messages that this reader did not receive."""
        return self.held_elsewhere + self.not_received


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """The result for one failure."""

    failure: Failure
    fate: Fate
    problem: str = ""


def find(
    queues: Queues,
    places: Iterable[Queue],
    *,
    selection: Selection,
    organization: Organization,
    limit: int,
) -> Found:
    """Receive messages from the queues, page by page, and keep them hidden; `release` makes them visible.

    Of more than `limit` failures, each account of each queue gets a share: many of one do not hide those of others.
    """
    wanted = [queue for queue in places if selection.may_hold(queue, organization)]
    looks = [_Look(queue=queue) for queue in wanted]

    def meant(failure: Failure) -> bool:
        return selection.matches(failure, organization)

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda look: _look(queues, look, meant=meant, limit=limit), looks))
    except BaseException:
        release(queues, [failure for look in looks for failure in look.taken.values()])
        raise
    found = _summed(looks, meant=meant)
    if len(found.failures) > limit:
        chosen = set(_shares(found.failures)[:limit])
        found.others += [failure for number, failure in enumerate(found.failures) if number not in chosen]
        found.failures = [failure for number, failure in enumerate(found.failures) if number in chosen]
        found.is_cut = True
    return found


@dataclass(slots=True, kw_only=True)
class _Look:
    """The results of one queue so far; kept outside the read itself, so that no received message is lost."""

    queue: Queue
    depth: Depth = field(default_factory=lambda: Depth(visible=0, held=0))
    taken: dict[str, Failure] = field(default_factory=dict)
    is_cut: bool = False
    problem: str = ""


def _look(queues: Queues, look: _Look, *, meant: Callable[[Failure], bool], limit: int) -> None:
    """Read a queue; an error is kept as its problem, beside what was received before."""
    try:
        _take(queues, look, meant=meant, limit=limit)
    except Exception as error:  # noqa: BLE001 - no queue's answer may keep the others from being read
        look.problem = _problem(error)


def _take(queues: Queues, look: _Look, *, meant: Callable[[Failure], bool], limit: int) -> None:
    """All visible messages of one queue, up to `limit` matching failures, or up to the maximum size.

    A member's queue that reports no messages is not read again: there may be thousands, and its count is a minute old
    at most. The failures queue is always read.
    """
    look.depth = queues.depth(look.queue)
    count = size = 0
    while look.depth.visible or look.queue.is_central:
        is_flood = len(look.taken) >= MOST_MESSAGES or size >= MOST_CHARACTERS
        if count >= limit or (is_flood and not look.queue.is_central):
            look.is_cut = True
            break
        messages = queues.receive(look.queue, hold_seconds=HOLD_SECONDS)
        fresh = [read(message, look.queue) for message in messages if message.id not in look.taken]
        if not fresh:
            break
        look.taken |= {failure.message.id: failure for failure in fresh}
        count += sum(meant(failure) for failure in fresh)
        size += sum(len(failure.message.body) for failure in fresh)


def _summed(looks: Iterable[_Look], *, meant: Callable[[Failure], bool]) -> Found:
    found = Found()
    for look in looks:
        found.held_elsewhere += look.depth.held
        if not (look.is_cut or look.problem):
            found.not_received += max(0, look.depth.visible - len(look.taken))
        found.is_cut |= look.is_cut
        if look.problem:
            found.out_of_reach.append(OutOfReach(queue=look.queue, problem=look.problem))
        for failure in look.taken.values():
            (found.failures if meant(failure) else found.others).append(failure)
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
    with ThreadPoolExecutor(AT_ONCE) as pool:
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
    report: Callable[[Redriven], None],
) -> list[Redriven]:
    """Send events and delete their messages, ten at a time; messages that were not sent become visible again."""
    done: list[Redriven] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for batch in _batches(failures):
            hand_over = partial(_redrive, queues, function, ours=_ours(queues, batch))
            for one in pool.map(hand_over, batch):
                done.append(one)
                report(one)
    release(queues, [one.failure for one in done if one.fate in {"not taken by Lambda", "left alone"}])
    return done


def _ours(queues: Queues, batch: Sequence[Failure]) -> frozenset[str] | DeployerError:
    """Extend the hold on messages; for some it may have ended while a person confirmed."""
    try:
        return queues.hold(batch[0].queue, [failure.message for failure in batch], seconds=HOLD_SECONDS)
    except DeployerError as error:
        return error


def _redrive(queues: Queues, function: Function, failure: Failure, *, ours: frozenset[str] | DeployerError) -> Redriven:
    if failure.obstacle:
        return Redriven(failure=failure, fate="left alone", problem=failure.obstacle)
    if isinstance(ours, DeployerError):
        return Redriven(failure=failure, fate="left alone", problem=ours.message)
    if failure.message.id not in ours:
        return Redriven(failure=failure, fate="taken by another")
    try:
        function.hand_over(failure.redrivable)
    except Exception as error:  # noqa: BLE001 - no event may keep the others from being handed over
        return Redriven(failure=failure, fate="not taken by Lambda", problem=_problem(error))
    try:
        queues.delete(failure.queue, failure.message)
    except DeployerError as error:
        return Redriven(failure=failure, fate="put back, not deleted", problem=error.message)
    return Redriven(failure=failure, fate="put back")


def _batches(failures: Iterable[Failure]) -> Iterator[list[Failure]]:
    """Ten messages of one queue at a time, as many as SQS accepts in a call."""
    by_queue: dict[Queue, list[Failure]] = {}
    for failure in failures:
        by_queue.setdefault(failure.queue, []).append(failure)
    for some in by_queue.values():
        yield from (some[start : start + 10] for start in range(0, len(some), 10))
