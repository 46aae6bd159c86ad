"""Takes messages out of the queues for failures and hands their events to the handler again; AWS is behind Protocols.

Nothing is lost and nothing is in the way, whatever happens in between:

1. What is looked at is hidden from other readers for a while, and shown again at the end, or by itself when this
   process is killed. Two redrives at once share the messages between them.
2. A message is deleted only after Lambda has taken its event (it keeps an asynchronous invocation before it answers).
3. Killed between the two, the event is handed over again by the next redrive, and the handler does it no second time.
4. All messages are taken before the first event goes back, so that what fails again is not taken for work to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

from deployer.errors import DeployerError
from deployer.failures.messages import Failure, Message, Queue, Selection, read
from deployer.organization import Organization

AT_ONCE = 16
"""Queues that are looked into, and events that are handed over, side by side."""

HOLD_SECONDS = 300
"""How long a message is hidden from others; renewed before it is acted on."""

Fate = Literal["put back", "put back, not deleted", "taken by another", "not taken by Lambda", "left alone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """About how many messages a queue has: for everybody to see, and held by some reader at this moment."""

    visible: int
    held: int


class Queues(Protocol):
    """SQS; `deployer.aws.queues` is the one that calls AWS. Each raises DeployerError for a queue out of reach."""

    def depth(self, queue: Queue) -> Depth: ...

    def receive(self, queue: Queue, *, hold_seconds: int) -> Sequence[Message]:
        """At most ten messages; none only when there are none to be seen."""

    def hold(self, queue: Queue, messages: Sequence[Message], *, seconds: int) -> frozenset[str]:
        """Hide messages for so long, or show them again with 0; gives the ids of those that were still ours."""

    def delete(self, queue: Queue, message: Message) -> None: ...


class Function(Protocol):
    """The handler; `deployer.aws.function` is the one that calls AWS."""

    def hand_over(self, event: Any) -> None:
        """Have an event handled; returns once Lambda has it for sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfReach:
    """A queue that could not be looked into, and why."""

    queue: Queue
    problem: str


@dataclass(slots=True, kw_only=True)
class Found:
    """What is in the queues: failures that are meant, how many others, and what could not be looked into."""

    failures: list[Failure] = field(default_factory=list)
    others: list[Failure] = field(default_factory=list)
    held_elsewhere: int = 0
    """About how many messages other readers hold at this moment."""
    out_of_reach: list[OutOfReach] = field(default_factory=list)
    is_cut: bool = False
    """Whether there may be more than `limit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """What became of one failure."""

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
    """Take what is in the queues, page by page, and keep it hidden; `release` shows it again."""
    found = Found()
    wanted = [queue for queue in places if selection.may_hold(queue, organization)]

    def look(queue: Queue) -> tuple[Depth, list[Failure], bool] | OutOfReach:
        try:
            return _look(queues, queue, meant=lambda failure: selection.matches(failure, organization), limit=limit)
        except DeployerError as error:
            return OutOfReach(queue=queue, problem=error.message)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for answer in pool.map(look, wanted):
            if isinstance(answer, OutOfReach):
                found.out_of_reach.append(answer)
                continue
            depth, failures, is_cut = answer
            found.held_elsewhere += depth.held
            found.is_cut |= is_cut
            for failure in failures:
                meant = selection.matches(failure, organization)
                (found.failures if meant else found.others).append(failure)
    found.failures.sort(key=lambda failure: (not failure.queue.is_central, failure.queue, failure.happened))
    found.is_cut |= len(found.failures) > limit
    found.others += found.failures[limit:]
    del found.failures[limit:]
    return found


def _look(
    queues: Queues, queue: Queue, *, meant: Callable[[Failure], bool], limit: int
) -> tuple[Depth, list[Failure], bool]:
    """Everything that can be seen of one queue, or as much as holds `limit` failures that are meant.

    A member's queue that says it is empty is not asked again: there may be thousands, and its count is a minute old at
    most. The failures queue is always asked.
    """
    depth = queues.depth(queue)
    taken: dict[str, Failure] = {}
    count = 0
    while (depth.visible or queue.is_central) and count < limit:
        messages = queues.receive(queue, hold_seconds=HOLD_SECONDS)
        fresh = [read(message, queue) for message in messages if message.id not in taken]
        if not fresh:
            break
        taken |= {failure.message.id: failure for failure in fresh}
        count += sum(meant(failure) for failure in fresh)
    return depth, list(taken.values()), count >= limit


def release(queues: Queues, failures: Iterable[Failure]) -> None:
    """Show messages to everybody again. What cannot be reached any more shows itself after a while."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda batch: _release(queues, batch), _batches(failures)))


def _release(queues: Queues, batch: Sequence[Failure]) -> None:
    try:
        queues.hold(batch[0].queue, [failure.message for failure in batch], seconds=0)
    except DeployerError:
        return


def redrive(
    queues: Queues,
    function: Function,
    failures: Sequence[Failure],
    *,
    report: Callable[[Redriven], None],
) -> list[Redriven]:
    """Hand events over and delete their messages, ten at a time; what must or could not go back is shown again."""
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
    """Hold messages on; the time that a person took to say yes may have been too long for some."""
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
        function.hand_over(failure.event)
    except DeployerError as error:
        return Redriven(failure=failure, fate="not taken by Lambda", problem=error.message)
    try:
        queues.delete(failure.queue, failure.message)
    except DeployerError as error:
        return Redriven(failure=failure, fate="put back, not deleted", problem=error.message)
    return Redriven(failure=failure, fate="put back")


def _batches(failures: Iterable[Failure]) -> Iterator[list[Failure]]:
    """Ten messages of one queue at a time, as many as SQS takes in a call."""
    by_queue: dict[Queue, list[Failure]] = {}
    for failure in failures:
        by_queue.setdefault(failure.queue, []).append(failure)
    for some in by_queue.values():
        yield from (some[start : start + 10] for start in range(0, len(some), 10))
