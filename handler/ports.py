"""The AWS operations that handling an event needs, as Protocols; the AWS modules and the test fakes implement them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handler.adoption_requests import AdoptionRequest
from handler.events import FailedCall
from handler.ledger import Slot
from handler.observed_calls import ObservedCall
from handler.reasons import Outcome
from handler.records import OuSource, Record
from handler.settings import RepositorySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """An account's OUs: ids from the root down, and whether they are from AWS now or from the last roll-out.

    `account_name` is set if AWS returned it; `problem` is why the request to AWS failed, and `is_denied` whether AWS
    denied it.
    """

    chain: tuple[str, ...]
    source: OuSource
    account_name: str = ""
    problem: str = ""
    is_denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """An existing repository."""

    arn: str
    created_at: datetime


class Organization(Protocol):
    """AWS Organizations; `handler.organization`."""

    def membership(self, account: str) -> Membership | None: ...


class Repositories(Protocol):
    """The repositories of one registry; `handler.repositories`."""

    def exists(self, name: str) -> bool: ...
    def find(self, name: str) -> Repository | None: ...
    def create(self, name: str, *, settings: RepositorySettings, tags: Mapping[str, str]) -> Repository | None: ...
    def creator(self, name: str) -> str | None: ...
    def tags(self, name: str) -> Mapping[str, str]: ...
    def describe(self, name: str) -> Repository: ...
    def put_lifecycle_policy(self, name: str, text: str) -> None: ...
    def set_repository_policy(self, name: str, text: str) -> None: ...
    def tag(self, name: str, tags: Mapping[str, str]) -> None: ...
    def scan_on_push(self, name: str) -> None: ...


class Registries(Protocol):
    """The registries of all accounts; `handler.registries`."""

    def open(self, call: FailedCall | ObservedCall | AdoptionRequest) -> Callable[[], Repositories]: ...
    def forget(self, account: str) -> None: ...


class Callers(Protocol):
    """The roles of callers; `handler.callers`."""

    def role_arn(self, call: FailedCall) -> str: ...


class Successor(Protocol):
    """An asynchronous run that does the work of this one if this one stops; `handler.hand_over`."""

    def hand_over(self, event: object) -> None: ...


class Ledger(Protocol):
    """The ledger; `handler.ledger`."""

    def write(self, record: Record) -> bool: ...
    def has(self, outcome: Outcome, call: FailedCall | ObservedCall) -> bool: ...
    def has_created(self, account: str, event_id: str) -> bool: ...
    def reserve(self, slot: Slot, *, limit: int) -> bool: ...
    def release(self, slot: Slot) -> None: ...
    def count_refusal(self, account: str, time: datetime) -> int: ...
    def first_refusal(self, record: Record) -> str: ...
    def count_denial(self, call: FailedCall | ObservedCall, *, request_id: str, now: datetime) -> int: ...


class Notices(Protocol):
    """The central bus, which receives notices of decisions; `handler.notices`."""

    def send(self, record: Record) -> None: ...


class Failures(Protocol):
    """The failures queue; `handler.failures`."""

    def send(self, event: object, *, request_id: str, reason: str, detail: str) -> None: ...
