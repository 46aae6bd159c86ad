"""Queues that behave like SQS, with their own clock, and a handler that records its events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import RLock
from typing import Any

from deployer.errors import NotFoundError, ServiceError
from deployer.failures.messages import Message, Queue
from deployer.failures.redriving import Depth
from tests.handler.events import load

CENTRAL = Queue(account="200000000001", region="eu-west-1", name="deployer-failures", is_central=True)
START = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Killed(BaseException):
    """The process was killed here."""


def dead_letters(account: str, region: str = "eu-west-1") -> Queue:
    return Queue(account=account, region=region, name="deployer-forwarding-dead-letters")


def event(account: str = "300000000001", repository: str = "team-a/api", *, number: int = 1) -> Any:
    changes = {
        "account": account,
        "region": "eu-west-1",
        "detail.awsRegion": "eu-west-1",
        "detail.recipientAccountId": account,
        "detail.requestParameters.repositoryName": repository,
        "detail.eventID": f"00000000-0000-0000-0000-{number:012}",
    }
    return load(changes=changes)


@dataclass(kw_only=True)
class _Kept:
    body: str
    attributes: dict[str, str]
    visible_at: float = 0.0
    receipt: str = ""
    receives: int = 0


@dataclass
class FakeSqs:
    """Standard queues: a message is hidden while it is in flight; only the latest receipt handle is valid."""

    clock: float = 0.0
    missing: set[Queue] = field(default_factory=set)
    fail_delete: bool = False
    killed_at: str | None = None
    kept: dict[Queue, dict[str, _Kept]] = field(default_factory=dict)
    _ids: Any = field(default_factory=count)
    _lock: RLock = field(default_factory=RLock)

    def put(self, queue: Queue, body: Any, **attributes: str) -> str:
        return self.put_text(queue, json.dumps(body), attributes)

    def put_text(self, queue: Queue, body: str, attributes: Mapping[str, str]) -> str:
        """A message whose body need not be JSON."""
        with self._lock:
            id_ = f"{next(self._ids):08x}-0000-4000-8000-000000000000"
            self.kept.setdefault(queue, {})[id_] = _Kept(body=body, attributes=dict(attributes))
            return id_

    def bodies(self, queue: Queue) -> list[Any]:
        return [json.loads(kept.body) for kept in self.kept.get(queue, {}).values()]

    def visible(self, queue: Queue) -> int:
        return sum(kept.visible_at <= self.clock for kept in self.kept.get(queue, {}).values())

    def depth(self, queue: Queue) -> Depth:
        if queue in self.missing:
            raise NotFoundError("There is no such queue")
        visible = self.visible(queue)
        return Depth(visible=visible, held=len(self.kept.get(queue, {})) - visible)

    def receive(self, queue: Queue, *, hold_seconds: int) -> Sequence[Message]:
        with self._lock:
            found = [item for item in self.kept.get(queue, {}).items() if item[1].visible_at <= self.clock][:10]
            for id_, kept in found:
                kept.visible_at = self.clock + hold_seconds
                kept.receives += 1
                kept.receipt = f"{id_}/{kept.receives}"
            return [
                Message(
                    id=id_,
                    receipt=kept.receipt,
                    body=kept.body,
                    attributes=kept.attributes,
                    sent=START,
                    receives=kept.receives,
                )
                for id_, kept in found
            ]

    def hold(self, queue: Queue, messages: Sequence[Message], *, seconds: int) -> frozenset[str]:
        with self._lock:
            held = set()
            for message in messages:
                kept = self.kept.get(queue, {}).get(message.id)
                if kept and kept.receipt == message.receipt and kept.visible_at > self.clock:
                    kept.visible_at = self.clock + seconds
                    held.add(message.id)
            return frozenset(held)

    def delete(self, queue: Queue, message: Message) -> None:
        self._die("before delete")
        if self.fail_delete:
            raise ServiceError("DeleteMessage failed")
        with self._lock:
            kept = self.kept.get(queue, {}).get(message.id)
            if kept and kept.receipt == message.receipt:
                del self.kept[queue][message.id]
        self._die("after delete")

    def _die(self, moment: str) -> None:
        if self.killed_at == moment:
            raise Killed


@dataclass
class FakeHandler:
    """Accepts events except those of the repositories in `refuses`; `back_to` receives those that fail again."""

    sqs: FakeSqs
    refuses: set[str] = field(default_factory=set)
    fails_again: bool = False
    received: list[Any] = field(default_factory=list)

    def invoke(self, event: Any) -> None:
        if event["detail"]["requestParameters"]["repositoryName"] in self.refuses:
            raise ServiceError("Invoke was throttled")
        self.received.append(event)
        if self.fails_again:
            self.sqs.put(CENTRAL, event, ERROR_CODE="AGAIN")

    @property
    def repositories(self) -> list[str]:
        return [event["detail"]["requestParameters"]["repositoryName"] for event in self.received]
