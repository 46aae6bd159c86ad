"""Calls side by side, and values that are loaded once however many ask.

Lambda gives a container one event at a time, but inside it calls run in threads, and another host may run more events
at once. So a value in flight is waited for, never asked for twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Fresh(Generic[Value]):
    """A loaded value and until when it may be used."""

    value: Value
    until: datetime


class SingleFlight(Generic[Key, Value]):
    """A cache that loads each key once at a time; what fails to load is told to all who wait, and not kept.

    Times come from a wall clock, since a monotonic one stands still while Lambda freezes the container.
    """

    def __init__(self, *, clock: Callable[[], datetime], most: int = 2048) -> None:
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._futures: dict[Key, Future[Fresh[Value]]] = {}

    def get(self, key: Key, load: Callable[[], Fresh[Value]]) -> Value:
        """The value, loaded in this thread where nobody is loading it."""
        future, is_mine = self._claim(key)
        if is_mine:
            self._fill(key, future, load)
        return future.result().value

    def start(self, key: Key, load: Callable[[], Fresh[Value]]) -> Callable[[], Value]:
        """Begin loading in a thread of its own; calling what is returned waits for the value or raises its error."""
        future, is_mine = self._claim(key)
        if is_mine:
            Thread(target=self._fill, args=(key, future, load), daemon=True).start()
        return lambda: future.result().value

    def forget(self, key: Key) -> None:
        """Load the key anew for the next who asks."""
        with self._lock:
            self._futures.pop(key, None)

    def _claim(self, key: Key) -> tuple[Future[Fresh[Value]], bool]:
        with self._lock:
            future = self._futures.get(key)
            if future is not None and (not future.done() or future.result().until > self._clock()):
                return future, False
            self._futures.pop(key, None)
            while len(self._futures) >= self._most:
                self._futures.pop(next(iter(self._futures)))
            future = self._futures[key] = Future()
            return future, True

    def _fill(self, key: Key, future: Future[Fresh[Value]], load: Callable[[], Fresh[Value]]) -> None:
        try:
            loaded = load()
        except BaseException as error:  # noqa: BLE001 - passed on to everybody who waits
            self._drop(key, future)
            future.set_exception(error)
        else:
            future.set_result(loaded)

    def _drop(self, key: Key, future: Future[Fresh[Value]]) -> None:
        with self._lock:
            if self._futures.get(key) is future:
                del self._futures[key]


def side_by_side(calls: Sequence[Callable[[], object]]) -> list[BaseException]:
    """Run all calls at once, wait for every one, and give the errors of those that failed, in order."""
    errors: dict[int, BaseException] = {}

    def run(index: int) -> None:
        try:
            calls[index]()
        except BaseException as error:  # noqa: BLE001 - the caller weighs all of them
            errors[index] = error

    threads = [Thread(target=run, args=(index,)) for index in range(1, len(calls))]
    for thread in threads:
        thread.start()
    if calls:
        run(0)
    for thread in threads:
        thread.join()
    return [errors[index] for index in sorted(errors)]
