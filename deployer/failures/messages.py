"""Messages of the failures queue and dead-letter queues as values: what failed, why, and whether to redrive it. Pure.

They come in three shapes, and one parser reads them all:

- EventBridge's, in dead-letter queues: the body is the event, message attributes name why it was not delivered.
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
- Lambda's on-failure record: the event is `requestPayload`, the last error `responsePayload`.
  https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
- the handler's own (`handler.failures`), in the form of Lambda's, with the ledger's reason code as the error's type.

Anything else is kept and printed, but never sent to the handler. Nor is an event from a member's queue that names
another account or region, or a time that does not fit the message's: that account's administrators own the queue, and
EventBridge vouches for nothing in it.
Any body and any attribute may be theirs: huge numbers, unlimited nesting, control characters.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal, TypeGuard

from deployer.organization import Organization
from deployer.targets import Scope
from handler.events import FailedCall, parse
from handler.failures import CONDITION
from handler.globs import matches_name
from handler.observed_calls import ObservedCall
from handler.redrives import marked, time_conflict, unmarked
from handler.text import clean

Origin = Literal["handler", "lambda", "eventbridge", "unknown"]
"""Who sent the message."""

UNREADABLE = "unreadable"
"""The reason of a message that is none of the three."""

DEEPEST = 100
"""Levels of lists and objects in a body. Events of CloudTrail have about ten; Python writes no JSON of 1,000."""

_ATTEMPTS = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Queue:
    """The failures queue, or the dead-letter queue of one region of a member."""

    account: str
    region: str
    name: str
    is_central: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as SQS returns it; `receipt` is valid for its last receiver."""

    id: str
    receipt: str = field(repr=False)
    body: str = field(repr=False)
    attributes: Mapping[str, str]
    sent: datetime
    receives: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a message failed: who reported it, a code to filter by, and the original message."""

    origin: Origin
    reason: str
    detail: str = ""
    attempts: int | None = None
    """The number of attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One parsed message. `event` is the envelope exactly as EventBridge delivered it, None if there is none."""

    queue: Queue
    message: Message
    cause: Cause
    event: object = field(repr=False)
    call: FailedCall | ObservedCall | None
    """The failed call, if the event is one."""

    @property
    def obstacle(self) -> str | None:
        """Why the event must not be redriven; None if it may."""
        if self.event is None:
            return "it contains no event"
        if self.queue.is_central:
            return None
        if self.call is None:
            return "its event is not a failed call to ECR, and the rule sends nothing else"
        if self.call.via == "request":
            return "its event is a request to the handler's URL, which the rule does not send"
        if (self.call.account, self.call.region) != (self.queue.account, self.queue.region):
            return f"its event names {self.call.account} in {self.call.region}, which is not where its queue is"
        return time_conflict(self.call.event_time, sent=self.message.sent, from_member=True)

    @property
    def redrivable(self) -> object:
        """The event as the handler gets it: with the time at which SQS received its message."""
        return marked(self.event, sent=self.message.sent, from_member=not self.queue.is_central)

    @property
    def account(self) -> str:
        """The account of the event; for a member's queue that member, whatever the event contains."""
        if not self.queue.is_central:
            return self.queue.account
        return self.call.account if self.call else _named(self.event, "account") or self.queue.account

    @property
    def region(self) -> str:
        if not self.queue.is_central:
            return self.queue.region
        return self.call.region if self.call else _named(self.event, "region") or self.queue.region

    @property
    def repository(self) -> str | None:
        return self.call.repository if self.call else None

    @property
    def happened(self) -> datetime:
        """When the call failed, else when the message was sent."""
        return self.call.event_time if self.call else self.message.sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Selects failures that match every filter. Ids may be prefixes of ids."""

    scope: Scope
    repository: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[str, ...] = ()

    def matches(self, failure: Failure, organization: Organization) -> bool:
        """Whether a failure matches; `since` is included, `until` is not."""
        happened = failure.happened
        return (
            self.scope.has_account(organization, failure.account)
            and (self.scope.regions is None or failure.region in self.scope.regions)
            and (self.repository is None or matches_name(self.repository, failure.repository or ""))
            and (self.reason is None or fnmatchcase(failure.cause.reason.lower(), self.reason.lower()))
            and (self.since is None or happened >= self.since)
            and (self.until is None or happened < self.until)
            and (not self.ids or self.has_id_of(failure))
        )

    def has_id_of(self, failure: Failure) -> bool:
        """Whether one of the ids is the message's or the CloudTrail event's, or a prefix of it."""
        return any(_has_id(failure, id_) for id_ in self.ids)

    def unmatched_ids(self, failures: Iterable[Failure]) -> tuple[str, ...]:
        """The ids that none of these failures has."""
        found = tuple(failures)
        return tuple(id_ for id_ in self.ids if not any(_has_id(failure, id_) for failure in found))

    def may_hold(self, queue: Queue, organization: Organization) -> bool:
        """Whether a queue may hold matches: a member's only holds failures of its own account and region."""
        if queue.is_central:
            return True
        in_region = self.scope.regions is None or queue.region in self.scope.regions
        return in_region and self.scope.has_account(organization, queue.account)


def _has_id(failure: Failure, beginning: str) -> bool:
    known = (failure.message.id, failure.call.event_id if failure.call else "")
    return any(name.startswith(beginning) for name in known)


def read(message: Message, queue: Queue) -> Failure:
    """Parse a message; never raises, whatever it contains."""
    body, problem = _parsed(message.body)
    if problem:
        return _unreadable(message, queue, problem)
    if not isinstance(body, dict):
        return _unreadable(message, queue, "the body is not a JSON object")
    if "requestContext" in body and queue.is_central:
        return _from_lambda(message, queue, body)
    if "detail-type" in body:
        return _from_eventbridge(message, queue, body)
    return _unreadable(message, queue, "neither an event nor a Lambda record")


def _from_eventbridge(message: Message, queue: Queue, event: Mapping[str, object]) -> Failure:
    attributes = message.attributes
    retries = attributes.get("RETRY_ATTEMPTS", "")
    exhausted = attributes.get("EXHAUSTED_RETRY_CONDITION")
    cause = Cause(
        origin="eventbridge",
        reason=attributes.get("ERROR_CODE") or "not-delivered",
        detail=(attributes.get("ERROR_MESSAGE", "") + (f" (gave up: {exhausted})" if exhausted else "")).strip(),
        attempts=int(retries) + 1 if _ATTEMPTS.fullmatch(retries) else None,
    )
    return _failure(message, queue, cause=cause, event=event)


def _from_lambda(message: Message, queue: Queue, record: Mapping[str, object]) -> Failure:
    context, error = _mapping(record.get("requestContext")), _mapping(record.get("responsePayload"))
    condition = str(context.get("condition") or "not-handled")
    kind, text = str(error.get("errorType") or ""), str(error.get("errorMessage") or "")
    attempts = context.get("approximateInvokeCount")
    by_handler = condition == CONDITION
    cause = Cause(
        origin="handler" if by_handler else "lambda",
        reason=kind or condition if by_handler else condition,
        detail=text if by_handler or not kind else f"{kind}: {text}",
        attempts=attempts if _is_count(attempts) else None,
    )
    return _failure(message, queue, cause=cause, event=record.get("requestPayload"))


def _unreadable(message: Message, queue: Queue, why: str) -> Failure:
    return _failure(message, queue, cause=Cause(origin="unknown", reason=UNREADABLE, detail=why), event=None)


def _failure(message: Message, queue: Queue, *, cause: Cause, event: object) -> Failure:
    parsed = parse(unmarked(event))
    return Failure(
        queue=queue,
        message=message,
        cause=replace(cause, reason=clean(cause.reason, limit=80), detail=clean(cause.detail)),
        event=event,
        call=parsed if isinstance(parsed, FailedCall | ObservedCall) else None,
    )


def _parsed(text: str) -> tuple[object, str]:
    """A body, or why it cannot be read and written as portable JSON."""
    try:
        body = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except json.JSONDecodeError:
        return None, "the body is not JSON"
    except ValueError:
        return None, "a number in the body is too long or not finite"
    except RecursionError:
        return None, _TOO_DEEP
    return (None, _TOO_DEEP) if _is_too_deep(body) else (body, "")


_TOO_DEEP = f"the body is nested deeper than {DEEPEST} levels"


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number")
    return number


def _is_too_deep(body: object) -> bool:
    level = [body]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _is_count(value: object) -> TypeGuard[int]:
    """Whether a value may be Lambda's count of invocations."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _named(event: object, key: str) -> str | None:
    value = _mapping(event).get(key)
    return clean(value, limit=64) if isinstance(value, str) and value else None
