"""The execution environments of functions: started when needed, reused while warm, bounded in number.

An environment belongs to one generation of its function, which is its code and configuration; those of an older one are
closed as soon as they are idle. Each has a session of the function's role of its own, so that an access key leads to
the one process that holds it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aws_org_sandbox.functions.runtime import ExecutionEnvironment

MAX_ENVIRONMENTS = 8
"""Most concurrent processes of a function without reserved concurrency: a limit of this machine, not of AWS."""


class Throttled(Exception):  # noqa: N818 - an answer of Lambda, no defect
    """All of the function's reserved concurrency is in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """An environment with what tells it apart."""

    environment: ExecutionEnvironment
    generation: str
    access_key_id: str
    log_stream: str


class _Slots:
    """One function's environments: idle ones, and how many are busy."""

    def __init__(self) -> None:
        self.idle: list[Warm] = []
        self.busy = 0


class Pool:
    """All environments of this process, by function ARN."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._slots: defaultdict[str, _Slots] = defaultdict(_Slots)
        self._by_access_key: dict[str, ExecutionEnvironment] = {}
        self._closed = False

    @contextmanager
    def environment(
        self, function_arn: str, *, generation: str, reserved: int | None, start: Callable[[], Warm]
    ) -> Iterator[Warm]:
        """An environment for one invocation; waits its turn, but raises Throttled if concurrency is reserved."""
        idle = self._enter(function_arn, generation=generation, reserved=reserved)
        warm: Warm | None = idle
        try:
            warm = idle or self._register(start())
            yield warm
        finally:
            self._leave(function_arn, warm)

    def process_of(self, access_key_id: str) -> int | None:
        """The process id of the environment that got these credentials, while it lives."""
        environment = self._by_access_key.get(access_key_id)
        return environment.pid if environment and environment.alive else None

    def adopt(self, access_key_id: str, *, parent: str) -> None:
        """Count a session as that of the environment that opened it; nothing happens for any other parent."""
        environment = self._by_access_key.get(parent)
        if environment is not None:
            self._by_access_key[access_key_id] = environment

    def kill(self, access_key_id: str) -> bool:
        """Kill the process that got these credentials; False if there is none."""
        environment = self._by_access_key.get(access_key_id)
        if environment is None or not environment.alive:
            return False
        environment.kill()
        return True

    def retire(self, function_arn: str) -> None:
        """Close the function's idle environments; its code, configuration or role has changed."""
        with self._changed:
            idle, self._slots[function_arn].idle = self._slots[function_arn].idle, []
        for warm in idle:
            self._close(warm)

    def close(self) -> None:
        """End every process, busy ones too, and start none until `reopen`; whoever waits sees the process killed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for environment in list(self._by_access_key.values()):
            environment.kill()
        for function_arn in list(self._slots):
            self.retire(function_arn)

    def abandon(self) -> None:
        """Know of no process any more, and leave those that run to their parent: this process is a fork of it."""
        self._changed = threading.Condition()
        self._slots.clear()
        self._by_access_key.clear()

    def reopen(self) -> None:
        """Start processes again."""
        self._closed = False

    def _enter(self, function_arn: str, *, generation: str, reserved: int | None) -> Warm | None:
        with self._changed:
            slots = self._slots[function_arn]
            if reserved is not None and slots.busy >= reserved:
                raise Throttled(function_arn)
            self._changed.wait_for(lambda: self._closed or slots.busy < (reserved or MAX_ENVIRONMENTS))
            if self._closed:
                raise Throttled(function_arn)
            slots.busy += 1
            usable = [warm for warm in slots.idle if warm.generation == generation and warm.environment.alive]
            unusable = [warm for warm in slots.idle if warm not in usable]
            found = usable.pop() if usable else None
            slots.idle = usable
        for warm in unusable:
            self._close(warm)
        return found

    def _leave(self, function_arn: str, warm: Warm | None) -> None:
        reusable = warm is not None and warm.environment.alive
        with self._changed:
            slots = self._slots[function_arn]
            slots.busy -= 1
            if warm is not None and reusable:
                slots.idle.append(warm)
            self._changed.notify_all()
        if warm is not None and not reusable:
            self._close(warm)

    def _register(self, warm: Warm) -> Warm:
        self._by_access_key[warm.access_key_id] = warm.environment
        if self._closed:
            warm.environment.kill()
        return warm

    def _close(self, warm: Warm) -> None:
        for access_key_id, environment in list(self._by_access_key.items()):
            if environment is warm.environment:
                self._by_access_key.pop(access_key_id, None)
        warm.environment.close()


pool = Pool()
"""That of this process."""
