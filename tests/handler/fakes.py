"""In-memory fakes of AWS for the handler: registries, a ledger, an organization, a failures queue. They hold state and
refuse as AWS does; calls are counted, and a test can make any call fail, before or after it takes effect.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from handler import reasons, tags
from handler.adoption_requests import AdoptionRequest
from handler.errors import PermanentError
from handler.events import FailedCall
from handler.handling import Handler
from handler.ledger import ONE_PUSH, Slot
from handler.observed_calls import ObservedCall
from handler.ports import Membership, Repository
from handler.rate_limits import RateLimits
from handler.reasons import Outcome
from handler.records import OuSource, Record
from handler.serving import Service
from handler.settings import RepositorySettings
from handler.settings_file import SettingsFile
from handler.text import short_json

NOW = datetime(2026, 11, 23, 7, 45, 20, tzinfo=UTC)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
LIFECYCLE = json.dumps({"rules": [{"rulePriority": 1, "description": "x" * 100}]})
ROOT, WORKLOADS, PROD, SANDBOX = "r-exam", "ou-exam-work0001", "ou-exam-prod0001", "ou-exam-sand0001"
ACCOUNT, OTHER_ACCOUNT, NEW_ACCOUNT = "300000000001", "500000000001", "300000000099"
MANAGEMENT = "100000000000"
INSTALLATION = "deployer"


NAMES = {ACCOUNT: "shop-prod", NEW_ACCOUNT: "orders-prod"}
"""As Organizations returns them."""


class CrashError(BaseException):
    """The process was killed: no `except Exception` catches this."""


def settings_document(**repository: Any) -> dict[str, Any]:
    """settings.json of a small organization; Prod has both policies."""
    return {
        "version": 1,
        "installation": INSTALLATION,
        "roles": {"deployer": ["deployer-creator", "deployer-cleaner"], "native": "deployer-native-[a-z0-9-]+"},
        "organization": {
            "id": "o-exampleorg1",
            "management_account": MANAGEMENT,
            "root": ROOT,
            "ous": {
                ROOT: {"name": "Root", "parent": None},
                WORKLOADS: {"name": "Workloads", "parent": ROOT},
                PROD: {"name": "Prod", "parent": WORKLOADS},
                SANDBOX: {"name": "Sandbox", "parent": ROOT},
            },
            "accounts": {
                ACCOUNT: {"name": "shop-prod", "parent": PROD},
                OTHER_ACCOUNT: {"name": "alice-sandbox", "parent": SANDBOX},
            },
        },
        "defaults": {"repository": {"tags": {"managed-by": "deployer"}}},
        "ous": {
            PROD: {
                "enabled": True,
                "regions": ["eu-west-1", "us-east-1"],
                "create": {"names": {"allow": ["team-*/**"], "deny": ["**/tmp-*"]}},
                "repository": {
                    "lifecycle_policy": "policies/lifecycle.json",
                    "repository_policy": "policies/pull.json",
                    "tags": {"pushed-by": "{principal}", "ou": "{ou}"},
                    **repository,
                },
            },
            SANDBOX: {"enabled": False},
        },
        "accounts": {},
        "documents": {"policies/lifecycle.json": LIFECYCLE, "policies/pull.json": POLICY},
    }


@dataclass
class Held:
    """The state of a repository in a registry."""

    tags: dict[str, str]
    settings: RepositorySettings | None
    created_at: datetime
    lifecycle_policy: str | None = None
    repository_policy: str | None = None
    scans: bool = False
    """Whether scan on push was turned on after the creation."""


@dataclass
class Faults:
    """Injected errors: for the n-th call overall, or for each call of a name."""

    calls: list[str] = field(default_factory=list)
    before: dict[int, BaseException] = field(default_factory=dict)
    after: dict[int, BaseException] = field(default_factory=dict)
    by_name: dict[str, BaseException] = field(default_factory=dict)
    passing: dict[str, list[BaseException]] = field(default_factory=dict)
    """Of each name, the errors of its first calls."""
    lock: RLock = field(default_factory=RLock)

    def run(self, name: str, effect: Callable[[], Any]) -> Any:
        with self.lock:
            number = len(self.calls)
            self.calls.append(name)
            if passing := self.passing.get(name):
                raise passing.pop(0)
            if error := self.by_name.get(name) or self.before.get(number):
                raise error
            result = effect()
            if error := self.after.get(number):
                raise error
            return result


@dataclass
class FakeRepositories:
    """One registry; ECR's answers."""

    world: World
    account: str
    region: str

    def exists(self, name: str) -> bool:
        found: bool = self.world.faults.run(
            "exists", lambda: (self.account, self.region, name) in self.world.repositories
        )
        return found

    def find(self, name: str) -> Repository | None:
        def effect() -> Repository | None:
            held = self.world.repositories.get((self.account, self.region, name))
            return self._repository(name, held) if held else None

        result: Repository | None = self.world.faults.run("find", effect)
        return result

    def create(self, name: str, *, settings: RepositorySettings, tags: Mapping[str, str]) -> Repository | None:
        def effect() -> Repository | None:
            if (self.account, self.region, name) in self.world.repositories:
                return None
            held = Held(tags=dict(tags), settings=settings, created_at=self.world.now)
            self.world.repositories[self.account, self.region, name] = held
            self.world.creations.append((self.account, self.region, name))
            return self._repository(name, held)

        result: Repository | None = self.world.faults.run("create", effect)
        return result

    def creator(self, name: str) -> str | None:
        result: str | None = self.world.faults.run(
            "creator", lambda: tags.creator_of(self._held(name).tags, installation=self.world.installation)
        )
        return result

    def tags(self, name: str) -> Mapping[str, str]:
        result: Mapping[str, str] = self.world.faults.run("tags", lambda: self._held(name).tags)
        return result

    def describe(self, name: str) -> Repository:
        result: Repository = self.world.faults.run("describe", lambda: self._repository(name, self._held(name)))
        return result

    def put_lifecycle_policy(self, name: str, text: str) -> None:
        self.world.faults.run("lifecycle", lambda: setattr(self._held(name), "lifecycle_policy", text))

    def set_repository_policy(self, name: str, text: str) -> None:
        self.world.faults.run("policy", lambda: setattr(self._held(name), "repository_policy", text))

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        self.world.tagged.append((self.account, self.region, name))
        self.world.faults.run("tag", lambda: self._held(name).tags.update(tags))

    def scan_on_push(self, name: str) -> None:
        def effect() -> None:
            if tags.EVENT_ID_TAG not in self._held(name).tags:
                raise PermanentError(reasons.ACCESS_DENIED, "PutImageScanningConfiguration: denied by the role")
            self._held(name).scans = True

        self.world.faults.run("scan", effect)

    def _held(self, name: str) -> Held:
        return self.world.repositories[self.account, self.region, name]

    def _repository(self, name: str, held: Held) -> Repository:
        arn = f"arn:aws:ecr:{self.region}:{self.account}:repository/{name}"
        return Repository(arn=arn, created_at=held.created_at)


@dataclass
class FakeNotices:
    """The central bus, for notices only."""

    world: World
    sent: list[Record] = field(default_factory=list)

    def send(self, record: Record) -> None:
        self.world.faults.run("notify", lambda: self.sent.append(record))


@dataclass
class World:
    """Everything outside the handler."""

    now: datetime = NOW
    faults: Faults = field(default_factory=Faults)
    repositories: dict[tuple[str, str, str], Held] = field(default_factory=dict)
    creations: list[tuple[str, str, str]] = field(default_factory=list)
    tagged: list[tuple[str, str, str]] = field(default_factory=list)
    """Repositories that the handler tagged after they existed."""
    chains: dict[str, tuple[str, ...] | None] = field(
        default_factory=lambda: {
            ACCOUNT: (ROOT, WORKLOADS, PROD),
            NEW_ACCOUNT: (ROOT, WORKLOADS, PROD),
            OTHER_ACCOUNT: (ROOT, SANDBOX),
        }
    )
    installation: str = INSTALLATION
    strangers: set[str] = field(default_factory=set)
    """Accounts for which Organizations denies every call; an account with a chain was known at the last roll-out."""
    ou_source: OuSource = "asked"
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    slots: dict[tuple[str, datetime], set[str]] = field(default_factory=dict)
    pushes: dict[tuple[str | None, ...], tuple[datetime, str]] = field(default_factory=dict)
    """Time and event of the first refusal of each push."""
    refusals: dict[tuple[str, datetime], int] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    role_paths: dict[str, str] = field(default_factory=lambda: {"ci-build": "/ci/"})
    """The path of each role, in every account."""
    handed_over: list[Any] = field(default_factory=list)
    """Events that requests handed over, and that nobody has delivered yet."""
    notices: FakeNotices = field(init=False)
    lines: list[dict[str, Any]] = field(default_factory=list)
    denials: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.notices = FakeNotices(self)

    # the organization
    def membership(self, account: str) -> Membership | None:
        chain = self.faults.run("organization", lambda: self.chains.get(account))
        if account in self.strangers and chain:
            return Membership(chain=chain, source="remembered", is_denied=True)
        if account in self.strangers:
            raise PermanentError(reasons.ORGANIZATION_NOT_READABLE, f"DescribeAccount in {account}: denied")
        return Membership(chain=chain, source=self.ou_source, account_name=NAMES.get(account, "")) if chain else None

    # registries
    def open(self, call: FailedCall | ObservedCall | AdoptionRequest) -> Callable[[], FakeRepositories]:
        return lambda: FakeRepositories(self, call.account, call.region)

    def forget(self, account: str) -> None:
        self.forgotten.append(account)

    # the roles of callers, and the handler's second run
    def role_arn(self, call: FailedCall) -> str:
        name = call.principal.split("/")[1]

        def effect() -> str:
            if name not in self.role_paths:
                raise PermanentError(reasons.REQUEST_NOT_ACCEPTED, f"GetRole in {call.account}: NoSuchEntity")
            return f"arn:aws:iam::{call.account}:role{self.role_paths[name]}{name}"

        arn: str = self.faults.run("role", effect)
        return arn

    def hand_over(self, event: Any) -> None:
        self.faults.run("invoke", lambda: self.handed_over.append(json.loads(short_json(event))))

    # the ledger
    def write(self, record: Record) -> bool:
        def effect() -> bool:
            item = json.dumps(record.to_item())
            assert item.isascii()
            kept = self.records.setdefault((record.account, record.at), record)
            self._agrees(kept, region=record.region, repository=record.repository)
            return kept is record

        written: bool = self.faults.run("write", effect)
        return written

    def has(self, outcome: Outcome, call: FailedCall | ObservedCall) -> bool:
        at = f"{call.event_time:%Y-%m-%dT%H:%M:%SZ}#{call.event_id}#{outcome}"
        found: Record | None = self.faults.run("has", lambda: self.records.get((call.account, at)))
        if found:
            self._agrees(found, region=call.region, repository=call.repository)
        return found is not None

    def has_created(self, account: str, event_id: str) -> bool:
        found: bool = self.faults.run(
            "has_created",
            lambda: any(
                (one.account, one.event_id, one.outcome) == (account, event_id, "created")
                for one in self.records.values()
            ),
        )
        return found

    @staticmethod
    def _agrees(kept: Record, *, region: str | None, repository: str | None) -> None:
        if (kept.region, kept.repository) != (region, repository):
            raise PermanentError(reasons.RECORD_CONFLICT, f"the record is of {kept.repository}")

    def reserve(self, slot: Slot, *, limit: int) -> bool:
        def effect() -> bool:
            taken = self.slots.setdefault((slot.account, slot.hour), set())
            if len(taken) >= limit and slot.digest not in taken:
                return False
            taken.add(slot.digest)
            return True

        reserved: bool = self.faults.run("reserve", effect)
        return reserved

    def release(self, slot: Slot) -> None:
        self.faults.run("release", lambda: self.slots[slot.account, slot.hour].discard(slot.digest))

    def count_refusal(self, account: str, time: datetime) -> int:
        def effect() -> int:
            hour = (account, time.replace(minute=0, second=0, microsecond=0))
            self.refusals[hour] = self.refusals.get(hour, 0) + 1
            return self.refusals[hour]

        number: int = self.faults.run("count", effect)
        return number

    def first_refusal(self, record: Record) -> str:
        def effect() -> str:
            push = (record.account, record.region, record.repository, record.principal, record.reason)
            first = self.pushes.get(push)
            if first and abs(record.event_time - first[0]) <= ONE_PUSH and first[1] != record.event_id:
                return first[1]
            self.pushes[push] = (record.event_time, record.event_id)
            return record.event_id

        event_id: str = self.faults.run("push", effect)
        return event_id

    def count_denial(self, call: FailedCall | ObservedCall, *, request_id: str, now: datetime) -> int:
        def effect() -> int:
            self.denials[call.account, request_id] += 1
            return self.denials[call.account, request_id]

        counted: int = self.faults.run("count_denial", effect)
        return counted

    # the failures queue
    def send(self, event: Any, *, request_id: str, reason: str, detail: str) -> None:
        message = {"event": event, "request_id": request_id, "reason": reason, "detail": detail}
        self.faults.run("send", lambda: self.messages.append(message))

    def handler(self, document: dict[str, Any] | None = None) -> Handler:
        """The real handler in this world."""
        data = json.dumps((document or settings_document()) | {"installation": self.installation}).encode()
        return Handler(
            settings=SettingsFile.from_json(data),
            organization=self,
            registries=self,
            callers=self,
            successor=self,
            ledger=self,
            failures=self,
            notices=self.notices,
            clock=self.clock,
            sleep=lambda seconds: self.pass_time(timedelta(seconds=seconds)),
            log=self.lines.append,
        )

    def service(self, handler: Handler | None = None) -> Service:
        """The real service in this world."""
        limits = RateLimits(clock=self.clock)
        return Service(handler=handler or self.handler(), limits=limits, clock=self.clock, log=self.lines.append)

    def clock(self) -> datetime:
        return self.now

    def pass_time(self, time: timedelta) -> None:
        self.now += time

    def outcomes(self) -> list[tuple[str, str]]:
        """Outcome and reason of each record, by key."""
        return [(record.outcome, record.reason) for _, record in sorted(self.records.items())]

    def deliver(self, handler: Handler, event: Any, *, request_id: str = "request-1", attempts: int = 3) -> None:
        """Lambda's asynchronous invocation: up to three attempts, a minute apart, then the failures queue."""
        for _ in range(attempts):
            try:
                handler.handle(event, request_id=request_id)
            except (Exception, CrashError):  # noqa: BLE001 - Lambda does not look at what it was
                self.pass_time(timedelta(minutes=1))
            else:
                return
        self.messages.append({"event": event, "request_id": request_id, "reason": "RetriesExhausted", "detail": ""})
