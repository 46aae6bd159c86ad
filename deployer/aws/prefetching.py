"""Reads StackSets in the background while the organization is read, and keeps a state until it is changed.

Organizations and StackSets have rate limits of their own: side by side, the slower of the two decides how long both
take.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from deployer.aws.stack_set_reader import CallAs, StackSetReader
from deployer.clock import Clock
from deployer.stack_sets import Operation, StackSetState

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

AT_ONCE = 2
"""StackSets that are read at the same time: enough for the rate of ListStackInstances at a latency of 200 ms."""

Value = TypeVar("Value")


class Prefetch:
    """What threads read in the background. Each result, or its error, is handed out once.

    The threads are daemons: Ctrl-C, or an error of the main thread, ends the command without waiting for them.
    """

    def __init__(self, reader: StackSetReader, *, includes: Callable[[str], bool]) -> None:
        self._reader = reader
        self._includes = includes
        self._stopped = Event()
        self._listed: Future[tuple[str, ...]] = Future()
        self._names: Future[tuple[str, ...]] | None = self._listed
        self._states: dict[str, Future[StackSetState | None]] = {}
        self._waiting: deque[tuple[str, Future[StackSetState | None]]] = deque()

    def start(self) -> None:
        """List the names of all StackSets, then read those that are included."""
        self._in_background(self._list)

    def stop(self) -> None:
        """Start no further StackSet, and return nothing that is read later."""
        self._stopped.set()

    def names(self) -> Future[tuple[str, ...]] | None:
        """The names of all StackSets; None if they were already returned."""
        names, self._names = self._names, None
        return names

    def state(self, name: str) -> Future[StackSetState | None] | None:
        """The state of a StackSet; None if it is not being read, or was already returned."""
        if self._listed.exception() is not None:
            return None
        return self._states.pop(name, None)

    def _list(self) -> None:
        try:
            names = self._reader.names()
        except BaseException as error:  # noqa: BLE001 - it is raised where the names are needed
            self._listed.set_exception(error)
            return
        self._states = {name: Future() for name in names if self._includes(name)}
        self._waiting.extend(self._states.items())
        threads = min(AT_ONCE, len(self._states))
        self._listed.set_result(names)
        for _ in range(threads):
            self._in_background(self._read)

    def _read(self) -> None:
        while not self._stopped.is_set():
            try:
                name, state = self._waiting.popleft()
            except IndexError:
                return
            try:
                state.set_result(self._reader.describe(name))
            except BaseException as error:  # noqa: BLE001 - it is raised where the state is needed
                state.set_exception(error)

    def _in_background(self, work: Callable[[], None]) -> None:
        Thread(target=work, name="stack-sets", daemon=True).start()


class PrefetchingStackSetReader(StackSetReader):
    """A reader that uses what was prefetched, and remembers what it has read."""

    def __init__(self, client: CloudFormationClient, *, call_as: CallAs, clock: Clock) -> None:
        super().__init__(client, call_as=call_as, clock=clock)
        self._plain = StackSetReader(client, call_as=call_as, clock=clock)
        self._prefetch: Prefetch | None = None
        self._known: dict[str, StackSetState] = {}

    def prefetch(self, includes: Callable[[str], bool]) -> None:
        """Start reading the StackSets with such names. `names`, and the first `describe` of each, give the result."""
        self._prefetch = Prefetch(self._plain, includes=includes)
        self._prefetch.start()

    def stop_prefetching(self) -> None:
        """Read nothing more in the background, and use nothing that was read there."""
        if self._prefetch is not None:
            self._prefetch.stop()
        self._prefetch = None

    def names(self) -> tuple[str, ...]:
        """Names of all StackSets, of any tool."""
        prefetched = self._prefetch.names() if self._prefetch else None
        return prefetched.result() if prefetched else self._plain.names()

    def describe(self, name: str) -> StackSetState | None:
        """The actual state of a StackSet; None if it does not exist."""
        self._known.pop(name, None)  # frees its memory
        prefetched = self._prefetch.state(name) if self._prefetch else None
        state = prefetched.result() if prefetched else self._plain.describe(name)
        if state is not None and not state.in_progress:
            self._known[name] = state
        return state

    def recall(self, name: str) -> StackSetState | None:
        """The same as when it was last described, unless it was changed since, or an operation was in progress."""
        known = self._known.get(name)
        return self.describe(name) if known is None else known

    def operations_in_progress(self, name: str) -> tuple[Operation, ...]:
        """Operations in progress; they change what was read."""
        found = self._plain.operations_in_progress(name)
        if found:
            self._forget(name)
        return found

    def _forget(self, name: str) -> None:
        """Before a StackSet is changed."""
        self._known.pop(name, None)
        if self._prefetch is not None:
            self._prefetch.state(name)
