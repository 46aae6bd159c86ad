"""Both lanes at once: whatever the order of their calls, one repository with all of its settings and one `created`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Semaphore, Thread
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handler.handling import Handler
from handler.requests import Request, events_of, parse
from tests.handler.events import load
from tests.handler.fakes import ACCOUNT, LIFECYCLE, PROD, CrashError, World, settings_document
from tests.handler.http_requests import ORGANIZATION, http

KEY = (ACCOUNT, "eu-west-1", "team-a/api")
ATTEMPTS = 3
KINDS = ("request", "event", "layer")


def one_thread_document() -> dict[str, Any]:
    """Settings with a limit, under which each run makes its calls in one thread."""
    document = settings_document()
    del document["ous"][PROD]["repository"]["repository_policy"]
    document["ous"][PROD]["create"]["limit"] = {"per_hour": 1}
    return document


@dataclass
class Run:
    """A run of the function, which makes one call at each of its turns."""

    name: str
    work: Callable[[], object]
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    yielded: Semaphore = field(default_factory=lambda: Semaphore(0))
    is_over: bool = False
    dies: bool = False

    def start(self) -> None:
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        self.turn.acquire()
        try:
            self.work()
        except CrashError:
            pass
        finally:
            self.is_over = True
            self.yielded.release()

    def step(self) -> None:
        """Let it make a call."""
        self.turn.release()
        self.yielded.acquire()

    def wait(self) -> None:
        """Give the turn back before a call, and die there if it has to."""
        self.yielded.release()
        self.turn.acquire()
        if self.dies:
            self.dies = False
            raise CrashError


@dataclass
class Interleaving:
    """A world whose calls are made in an order that a test draws."""

    world: World
    handler: Handler
    runs: list[Run] = field(default_factory=list)
    current: Run | None = None
    handed_over: int = 0

    @classmethod
    def prepare(cls) -> Interleaving:
        world = World()
        interleaving = cls(world, world.handler(one_thread_document()))
        run = world.faults.run

        def run_in_turn(name: str, effect: Callable[[], Any]) -> Any:
            assert interleaving.current is not None
            interleaving.current.wait()
            return run(name, effect)

        world.faults.run = run_in_turn  # type: ignore[method-assign]
        return interleaving

    def request(self) -> None:
        """A request, of which Lambda retries nothing."""
        request = parse(http(), organization_id=ORGANIZATION)
        assert isinstance(request, Request)
        (event,) = events_of(request, at=self.world.now)
        self._add(f"request {event['id']}", lambda: self.handler.answer(event, request_id=f"sync {event['id']}"))

    def event(self, event: Any) -> None:
        """An event, which Lambda retries."""

        def deliver() -> None:
            for _ in range(ATTEMPTS):
                try:
                    self.handler.handle(event, request_id=f"of {event['id']}")
                except CrashError:
                    continue
                return

        self._add(f"event {event['id']}", deliver)

    def _add(self, name: str, work: Callable[[], object]) -> None:
        run = Run(name, work)
        self.runs.append(run)
        run.start()

    def alive(self) -> list[Run]:
        for event in self.world.handed_over[self.handed_over :]:
            self.handed_over += 1
            self.event(event)
        return [run for run in self.runs if not run.is_over]

    def run_all(self, choices: Iterator[int], deaths: set[int]) -> None:
        """Give turns until every run is over; at the turns in `deaths`, the run dies."""
        turns = count()
        while alive := self.alive():
            run = self.current = alive[next(choices) % len(alive)]
            run.dies = next(turns) in deaths
            run.step()


def drawn(numbers: list[int]) -> Iterator[int]:
    """The drawn choices, and then each run to its end."""
    yield from numbers
    while True:
        yield 1


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=4).filter(lambda kinds: "request" in kinds),
    st.lists(st.integers(0, 59), max_size=80),
    st.sets(st.integers(1, 40), max_size=2),
)
def test_invariant_1_both_lanes_give_one_repository_and_one_created_whatever_the_order_of_their_calls(
    kinds: list[str], numbers: list[int], deaths: set[int]
) -> None:
    interleaving = Interleaving.prepare()
    for number, kind in enumerate(kinds):
        if kind == "request":
            interleaving.request()
        else:
            changes = {"detail.eventID": f"{kind}-{number}", "id": f"envelope-{number}"}
            interleaving.event(load(changes=changes))
    interleaving.run_all(drawn(numbers), deaths)
    world = interleaving.world
    created = [record for record in world.records.values() if record.outcome == "created"]
    assert len(created) == len(world.creations) <= 1
    is_accepted = "event" in kinds or "layer" in kinds or interleaving.handed_over or not deaths
    if is_accepted:
        assert len(created) == 1
        assert world.repositories[KEY].lifecycle_policy == LIFECYCLE
    assert {record.outcome for record in world.records.values()} <= {"created", "exists", "ignored"}
    assert not world.messages
    assert len(world.notices.sent) <= 1
