"""The execution environments of functions: started on demand, reused while warm, limited in number.

An environment belongs to one generation of its function, which is its code and configuration; those of an older one are
closed as soon as they are idle. Each has its own session of the function's role, so that an access key identifies
one process.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aws_org_sandbox.functions.runtime import ExecutionEnvironment

MAX_ENVIRONMENTS = 4
"""Maximum concurrent processes of a function without reserved concurrency: a limit of this machine, not of AWS."""


class Throttled(Exception):  # noqa: N818 - a response of Lambda, no defect
    """The function's reserved concurrency is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """An environment and its identity."""

    environment: ExecutionEnvironment
    generation: str
    access_key_id: str
    log_stream: str


class _Slots:
    """One function's environments: the idle ones, and the number of busy ones."""

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
        """An environment for one invocation; waits for a free one, but raises Throttled if concurrency is reserved."""
        idle = self._enter(function_arn, generation=generation, reserved=reserved)
        warm: Warm | None = idle
        try:
            warm = idle or self._register(start())
            yield warm
        finally:
            self._leave(function_arn, warm)

    def process_of(self, access_key_id: str) -> int | None:
        """The process id of the running environment that received these credentials."""
        environment = self._by_access_key.get(access_key_id)
        return environment.pid if environment and environment.alive else None

    def adopt(self, access_key_id: str, *, parent: str) -> None:
        """Assign a session to the environment that opened it; no effect for any other parent."""
        environment = self._by_access_key.get(parent)
        if environment is not None:
            self._by_access_key[access_key_id] = environment

    def kill(self, access_key_id: str) -> bool:
        """Kill the process that received these credentials; False if none exists."""
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
        """End every process, busy ones too, and start none until `reopen`; waiting callers see a killed process."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for environment in list(self._by_access_key.values()):
            environment.kill()
        for function_arn in list(self._slots):
            self.retire(function_arn)

    def abandon(self) -> None:
        """Forget all processes, and leave running ones to the parent process, from which this one was forked."""
        self._changed = threading.Condition()
        self._slots.clear()
        self._by_access_key.clear()

    def reopen(self) -> None:
        """Allow new processes again."""
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
"""The pool of this process."""
