"""Takes messages out of the queues for failures and hands their events to the handler again; AWS is behind Protocols.

Nothing is lost and nothing is in the way, whatever happens in between:

1. What is looked at is hidden from other readers for a while, and shown again at the end, or by itself when this
   process is killed. Two redrives at once share the messages between them.
2. A message is deleted only after Lambda has taken its event (it keeps an asynchronous invocation before it answers).
3. Killed between the two, the event is handed over again by the next redrive, and the handler does it no second time.
4. All messages are taken before the first event goes back, so that what fails again is not taken for work to be done.
5. Whatever one queue holds or answers is that queue's problem, reported with it: the others are read and redriven.
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
"""Queues that are looked into, and events that are handed over, side by side."""

MOST_MESSAGES, MOST_CHARACTERS = 10_000, 32 * 2**20
"""What is taken of one member's queue at most: its administrator may fill it with messages of 1 MiB."""

HOLD_SECONDS = 300
"""How long a message is hidden from others; renewed before it is acted on."""

Fate = Literal["put back", "put back, not deleted", "taken by another", "not taken by Lambda", "left alone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """About how many messages a queue has: for everybody to see, and held by some reader or delayed at this moment."""

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
    """About how many messages other readers hold at this moment, or their senders delayed."""
    not_received: int = 0
    """About how many messages SQS counts beyond those that it gave: they were deleted a moment ago, or come later."""
    out_of_reach: list[OutOfReach] = field(default_factory=list)
    is_cut: bool = False
    """Whether there may be more than was taken."""

    @property
    def hidden(self) -> int:
        """About how many messages may exist that this reader did not get."""
        return self.held_elsewhere + self.not_received


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
    """Take what is in the queues, page by page, and keep it hidden; `release` shows it again.

    Of more than `limit` failures, each account of each queue gives its share: a flood of one hides no other's.
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
    """What is known of one queue so far; kept outside the look itself, so that nothing taken is forgotten."""

    queue: Queue
    depth: Depth = field(default_factory=lambda: Depth(visible=0, held=0))
    taken: dict[str, Failure] = field(default_factory=dict)
    is_cut: bool = False
    problem: str = ""


def _look(queues: Queues, look: _Look, *, meant: Callable[[Failure], bool], limit: int) -> None:
    """Look into a queue; what goes wrong is kept as its problem, beside what was taken before."""
    try:
        _take(queues, look, meant=meant, limit=limit)
    except Exception as error:  # noqa: BLE001 - no queue's answer may keep the others from being read
        look.problem = _problem(error)


def _take(queues: Queues, look: _Look, *, meant: Callable[[Failure], bool], limit: int) -> None:
    """Everything that can be seen of one queue, or as much as holds `limit` failures that are meant, or as is bearable.

    A member's queue that says it is empty is not asked again: there may be thousands, and its count is a minute old at
    most. The failures queue is always asked.
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
    """An error in words; one that nobody expected has its type."""
    return error.message if isinstance(error, DeployerError) else clean(f"{type(error).__name__}: {error}", limit=200)


def release(queues: Queues, failures: Iterable[Failure]) -> None:
    """Show messages to everybody again. What cannot be reached any more shows itself after a while."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda batch: _release(queues, batch), _batches(failures)))


def _release(queues: Queues, batch: Sequence[Failure]) -> None:
    # Whatever SQS answers, the other batches are still to be released, and these show themselves after a while.
    with suppress(Exception):
        queues.hold(batch[0].queue, [failure.message for failure in batch], seconds=0)


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
        function.hand_over(failure.redrivable)
    except Exception as error:  # noqa: BLE001 - no event may keep the others from being handed over
        return Redriven(failure=failure, fate="not taken by Lambda", problem=_problem(error))
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
