"""The AWS call and the call log: callers, services, operations, parameters and responses."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aws_org_sandbox.credentials import Principal
from aws_org_sandbox.errors import SandboxError

CALLED_VIA = "cloudformation.amazonaws.com"
"""Source address and user agent of the calls that CloudFormation makes, as CloudTrail shows them."""

AWS_INTERNAL = "AWS Internal"
"""CloudTrail's value for the address and user agent of container clients, because the registry makes the calls.

https://github.com/aws/containers-roadmap/issues/1634
"""

KEPT_CALLS = 20_000
KEPT = timedelta(hours=1)
_KEPT_BYTES = 256


class Refused(Exception):  # noqa: N818 - names what AWS did, and becomes an AWS error in the response
    """AWS refuses a call: `code` is the error code that clients see, `status` the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(kw_only=True)
class Call:
    """One AWS call; attributes that are only known after a step of the gate are None before it."""

    id: str
    service: str
    """Botocore's name of the service: `ecr`, `events`, `lambda`."""
    operation: str
    region: str
    principal: Principal
    parameters: Mapping[str, Any] = field(repr=False)
    source_ip: str
    user_agent: str = field(repr=False)
    started: datetime
    error_code: str | None = None
    error_message: str | None = None
    milliseconds: float | None = None

    @property
    def account(self) -> str:
        """The caller's account, which is also the one that the call acts in."""
        return self.principal.account

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    def shed_contents(self) -> None:
        """Keep only the beginning of what was uploaded: the log outlives the call, layers and zips need not."""
        self.parameters = {
            key: value[:_KEPT_BYTES] if isinstance(value, bytes) else value for key, value in self.parameters.items()
        }


class CallLog:
    """The latest calls that passed the gate, oldest first; safe to read while calls come in.

    It keeps `kept` calls of the last `KEPT`, because a sandbox may run for days, or all if `kept` is None. `total`
    counts all, and reading a log that has dropped calls is an error: what is counted there would be too few.
    """

    def __init__(self, *, kept: int | None = KEPT_CALLS) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=kept)
        self.total = 0
        """All calls since the last reset."""

    def append(self, call: Call) -> None:
        with self._lock:
            self.total += 1
            self._calls.append(call)
            while self._calls.maxlen is not None and self._calls[0].started < call.started - KEPT:
                self._calls.popleft()

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self.total = 0

    @property
    def latest(self) -> tuple[Call, ...]:
        """The calls that are kept, whether or not there were more."""
        with self._lock:
            return tuple(self._calls)

    def __iter__(self) -> Iterator[Call]:
        latest = self.latest
        if len(latest) < self.total:
            message = f"The log has only {len(latest)} of {self.total} calls"
            raise SandboxError(message, next_step="Clear it earlier, or start the sandbox with kept_calls=None.")
        return iter(latest)

    def __len__(self) -> int:
        return self.total

    def of(self, service: str, operation: str | None = None, *, account: str | None = None) -> list[Call]:
        """The calls of a service, of one operation, by callers of one account."""
        return [
            call
            for call in self
            if call.service == service
            and (operation is None or call.operation == operation)
            and (account is None or call.account == account)
        ]


CURRENT: ContextVar[Call | None] = ContextVar("aws_org_sandbox_call", default=None)
"""The call that the running thread answers; None in background work, which acts as the service itself."""
