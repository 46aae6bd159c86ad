"""Fault injection: calls that are throttled, fail, are slow, hang, lose their connection, or whose caller crashes.

A fault matches calls by service, operation, account, region and principal, and takes effect on the nth match. By
default it acts before AWS handles the call. A fault can also act afterwards: the work is done, but the caller does not
receive the response, so only idempotent callers recover.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from aws_org_sandbox.calls import Call, Refused

THROTTLING = {
    "cloudformation": ("Throttling", "Rate exceeded"),
    "iam": ("Throttling", "Rate exceeded"),
    "lambda": ("TooManyRequestsException", "Rate exceeded"),
    "organizations": (
        "TooManyRequestsException",
        "You have sent too many requests in too short a period of time. Try again later.",
    ),
    "s3": ("SlowDown", "Please reduce your request rate."),
    "sts": ("Throttling", "Rate exceeded"),
}
"""The code and message that each service throttles with; `ThrottlingException` for the others."""


Kill = TypeVar("Kill", bound=Callable[[str], object])

_on_crash: list[Callable[[str], object]] = []


def on_crash(function: Kill) -> Kill:
    """Call the decorated function with the caller's access key id when a call's process is to crash."""
    _on_crash.append(function)
    return function


class Moment(Enum):
    """When a fault acts: before the call has had any effect, or after it had all of it."""

    BEFORE = "before"
    AFTER = "after"


class ConnectionDropped(ConnectionError):  # noqa: N818 - an event on the wire, not an error of this program
    """The connection is closed without an answer: the server does so for every ConnectionError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """AWS answers with an error."""

    code: str
    message: str = "Injected by a fault of the sandbox."
    status: int = 400


@dataclass(frozen=True, slots=True)
class Throttle:
    """AWS answers with the error that this service throttles with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The response is late by this many real seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is closed without a response."""


@dataclass(frozen=True, slots=True)
class Crash:
    """The Lambda process that made the call is killed."""


class Hold:
    """The call waits until it is released; what it would do, it does afterwards."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Call] = []
        self._released = False

    @property
    def waiting(self) -> tuple[Call, ...]:
        """The calls that wait, in the order in which they came."""
        with self._changed:
            return tuple(self._waiting)

    def wait_for(self, count: int, *, timeout: float = 30.0) -> tuple[Call, ...]:
        """The waiting calls, once there are at least `count`; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._waiting) >= count, timeout):
                raise TimeoutError(f"after {timeout} s, {len(self._waiting)} calls are held, not {count}")
            return tuple(self._waiting)

    def keep(self, call: Call) -> None:
        """Wait until the release."""
        with self._changed:
            self._waiting.append(call)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._released)
            self._waiting.remove(call)

    def release(self) -> None:
        """Let all calls continue, and hold no further one."""
        with self._changed:
            self._released = True
            self._changed.notify_all()


Effect = Error | Throttle | Delay | Drop | Crash | Hold

HANG = Delay(seconds=3600.0)
"""Longer than any client waits; the sandbox releases the call when it stops or is reset."""


@dataclass(kw_only=True)
class Fault:
    """One rule: which calls it concerns, from which of them on, how often, and what happens to them.

    Patterns are globs; None matches everything. `first` is the number of the first matching call that is hit, from 1;
    `times` is how many are hit from there on, None for all.
    """

    effect: Effect
    service: str | None = None
    operation: str | None = None
    account: str | None = None
    region: str | None = None
    principal: str | None = None
    when: Callable[[Call], bool] | None = None
    first: int = 1
    times: int | None = None
    moment: Moment = Moment.BEFORE
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def concerns(self, call: Call) -> bool:
        return (
            _fits(self.operation, call.operation)  # first, since most rules differ in it
            and _fits(self.service, call.service)
            and _fits(self.account, call.account)
            and _fits(self.region, call.region)
            and _fits(self.principal, call.principal.arn)
            and (self.when is None or self.when(call))
        )

    def takes(self) -> bool:
        """Count one matching call; True when this one is hit."""
        self.seen += 1
        last = None if self.times is None else self.first + self.times
        hit = self.seen >= self.first and (last is None or self.seen < last)
        self.hits += hit
        return hit


def _fits(pattern: str | None, value: str) -> bool:
    return pattern is None or fnmatch.fnmatchcase(value, pattern)


class Faults:
    """The rules in force. Every rule that matches a call counts it; the effects apply in the order of the rules."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._released = threading.Event()

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force; what is returned counts its hits."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Remove a rule, if it is still in force, and release the calls that it holds."""
        with self._lock:
            self._faults = [kept for kept in self._faults if kept is not fault]
        _release([fault])

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(tuple(self._faults))

    def clear(self) -> None:
        """Remove all rules, and let hanging calls continue."""
        with self._lock:
            removed, self._faults = self._faults, []
            self._released.set()
            self._released = threading.Event()
        _release(removed)

    def apply(self, call: Call, moment: Moment) -> None:
        """Apply the rules to a call: raises Refused or ConnectionDropped, waits, or does nothing."""
        with self._lock:
            matching = [fault for fault in self._faults if fault.moment is moment and fault.concerns(call)]
            effects = [fault.effect for fault in matching if fault.takes()]
            released = self._released
        for effect in effects:
            _apply(effect, call, released)


def _release(faults: Iterable[Fault]) -> None:
    for fault in faults:
        if isinstance(fault.effect, Hold):
            fault.effect.release()


def _apply(effect: Effect, call: Call, released: threading.Event) -> None:
    """Apply one effect; a hanging call continues when `released` is set."""
    match effect:
        case Error(code=code, message=message, status=status):
            raise Refused(code, message, status=status)
        case Throttle():
            raise Refused(*THROTTLING.get(call.service, ("ThrottlingException", "Rate exceeded")))
        case Delay(seconds=seconds):
            released.wait(seconds)
        case Hold():
            effect.keep(call)
        case Drop():
            raise ConnectionDropped(call.name)
        case Crash():
            _kill_caller(call)
            raise ConnectionDropped(call.name)


def _kill_caller(call: Call) -> None:
    """Kill the Lambda process whose credentials signed the call; nothing happens to any other caller."""
    for kill in _on_crash:
        kill(call.principal.access_key_id)
