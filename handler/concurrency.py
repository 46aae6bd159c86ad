"""Parallel calls, and a cache that loads each value only once for all concurrent callers.

Lambda sends a container one event at a time, but calls within it run in threads, and another host may run several
events at once. A caller waits for a load that is already in progress instead of starting a second one.
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
class CachedValue(Generic[Value]):
    """A loaded value and the time at which it expires."""

    value: Value
    expires_at: datetime


class SingleFlight(Generic[Key, Value]):
    """A cache with at most one load of a key at a time. A failed load is raised in every waiting thread and not cached.

    Times come from a wall clock, because a monotonic clock stops while Lambda freezes the container.
    """

    def __init__(self, *, clock: Callable[[], datetime], max_size: int = 2048) -> None:
        self._clock = clock
        self._max_size = max_size
        self._lock = Lock()
        self._futures: dict[Key, Future[CachedValue[Value]]] = {}

    def get(self, key: Key, load: Callable[[], CachedValue[Value]]) -> Value:
        """The value, loaded in this thread unless another thread is loading it."""
        future, is_mine = self._claim(key)
        if is_mine:
            self._fill(key, future, load)
        return future.result().value

    def start(self, key: Key, load: Callable[[], CachedValue[Value]]) -> Callable[[], Value]:
        """Start loading in a new thread; the returned function waits for the value, or raises the error of the load."""
        future, is_mine = self._claim(key)
        if is_mine:
            Thread(target=self._fill, args=(key, future, load), daemon=True).start()
        return lambda: future.result().value

    def forget(self, key: Key) -> None:
        """Drop a key, so that the next caller loads it again."""
        with self._lock:
            self._futures.pop(key, None)

    def _claim(self, key: Key) -> tuple[Future[CachedValue[Value]], bool]:
        with self._lock:
            future = self._futures.get(key)
            if future is not None and (not future.done() or future.result().expires_at > self._clock()):
                return future, False
            self._futures.pop(key, None)
            while len(self._futures) >= self._max_size:
                self._futures.pop(next(iter(self._futures)))
            future = self._futures[key] = Future()
            return future, True

    def _fill(self, key: Key, future: Future[CachedValue[Value]], load: Callable[[], CachedValue[Value]]) -> None:
        try:
            loaded = load()
        except BaseException as error:  # noqa: BLE001 - raised again in every waiting thread
            self._drop(key, future)
            future.set_exception(error)
        else:
            future.set_result(loaded)

    def _drop(self, key: Key, future: Future[CachedValue[Value]]) -> None:
        with self._lock:
            if self._futures.get(key) is future:
                del self._futures[key]


def run_in_parallel(calls: Sequence[Callable[[], object]]) -> list[BaseException]:
    """Run all calls in parallel, wait for all of them, and return the errors in the order of the calls."""
    errors: dict[int, BaseException] = {}

    def run(index: int) -> None:
        try:
            calls[index]()
        except BaseException as error:  # noqa: BLE001 - returned to the caller
            errors[index] = error

    threads = [Thread(target=run, args=(index,)) for index in range(1, len(calls))]
    for thread in threads:
        thread.start()
    if calls:
        run(0)
    for thread in threads:
        thread.join()
    return [errors[index] for index in sorted(errors)]
