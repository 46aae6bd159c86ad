"""Asynchronous work of AWS: StackSet operations, event deliveries, Lambda invocations, retries.

One scheduler runs and counts all tasks, so that `settle` is exact: when it returns, no task is running or waiting, and
no finished task has started another one.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

WORKERS = 24
"""Threads at most; a task may block (a Lambda invocation does), so there are more than there are cores."""

Task = tuple[float, int, Callable[..., Any], tuple[Any, ...]]


class Scheduler:
    """Runs functions in threads, now or after a delay; `time_scale` shortens the delays that AWS has."""

    def __init__(self) -> None:
        self.time_scale = 1.0
        self.failures: list[BaseException] = []
        """Exceptions of tasks: always defects of the sandbox."""
        self._changed = threading.Condition()
        self._waiting: list[Task] = []
        self._order = itertools.count()
        self._running = 0
        self._idle = 0
        self._threads = 0
        self._accepting = True
        self._held = False

    def submit(self, function: Callable[..., Any], *arguments: Any, delay: float = 0.0) -> None:
        """Run `function` in the background; `delay` is in AWS's seconds, scaled."""
        with self._changed:
            if self._accepting:
                self._add(time.monotonic() + delay * self.time_scale, function, arguments)

    def _add(self, due: float, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        with self._changed:
            heapq.heappush(self._waiting, (due, next(self._order), function, arguments))
            if len(self._waiting) > self._idle and self._threads < WORKERS:
                self._threads += 1
                threading.Thread(target=self._work, name=f"sandbox-{self._threads}", daemon=True).start()
            self._changed.notify_all()

    @property
    def pending(self) -> int:
        """The number of running and waiting tasks."""
        with self._changed:
            return self._running + len(self._waiting)

    def settle(self, timeout: float) -> None:
        """Wait until no task is running or waiting; raises TimeoutError, which names the remaining tasks."""
        with self._changed:
            if self._changed.wait_for(lambda: not self._running and not self._waiting, timeout):
                return
            left = ", ".join(getattr(task[2], "__qualname__", repr(task[2])) for task in self._waiting)
            raise TimeoutError(f"after {timeout} s, {self._running} tasks still run; waiting: {left or 'none'}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Start no task until the block ends, so that pending work can be inspected; running tasks continue."""
        with self._changed:
            was_held, self._held = self._held, True
        try:
            yield
        finally:
            with self._changed:
                self._held = was_held
                self._changed.notify_all()

    def reset(self, timeout: float = 30.0) -> None:
        """Discard waiting tasks and wait for the running ones."""
        with self._changed:
            self._accepting = False
            self._waiting.clear()
            ended = self._changed.wait_for(lambda: not self._running, timeout)
            self._accepting = True
            self.failures.clear()
        if not ended:
            raise TimeoutError(f"background work has not finished within {timeout} s")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Wait for the running tasks, and start none until the block ends."""
        with self.held():
            with self._changed:
                self._changed.wait_for(lambda: not self._running)
            yield

    def revive(self) -> None:
        """Start new threads in a process that was forked while this was paused: threads do not survive a fork."""
        self._changed = threading.Condition()
        self._running = self._idle = self._threads = 0
        self._held = False
        waiting, self._waiting = self._waiting, []
        for due, _, function, arguments in waiting:
            self._add(due, function, arguments)

    def _work(self) -> None:
        while True:
            function, arguments = self._next()
            try:
                function(*arguments)
            except BaseException as error:
                log.exception("background work failed")
                self.failures.append(error)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        with self._changed:
            self._idle += 1
            while self._held or not self._waiting or self._waiting[0][0] > time.monotonic():
                due = self._waiting[0][0] - time.monotonic() if self._waiting and not self._held else None
                self._changed.wait(due)
            self._idle -= 1
            _, _, function, arguments = heapq.heappop(self._waiting)
            self._running += 1
            return function, arguments


scheduler = Scheduler()
"""The one scheduler of this process, as moto's state is one of the process."""


def submit(function: Callable[..., Any], *arguments: Any, delay: float = 0.0) -> None:
    """Run `function` in the background of the sandbox."""
    scheduler.submit(function, *arguments, delay=delay)
