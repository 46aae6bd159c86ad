"""The watch, the second function in the zip: once an hour it counts the messages in all members' dead-letter queues,
and inspects the resources of some accounts (`handler.daily_inspection`), so that every account is inspected each day.

An event that a member's rule could not deliver to the central bus leaves no trace in the central account, and
CloudWatch alarms only see metrics of their own account and region. So the watch reads the counts and writes one log
line, which feeds a metric and an alarm. It reads no messages, and its role and the auditor roles permit no change. It
reports the queues that it cannot read, which has an alarm; if it can read none, or AWS refuses to list their locations,
it fails, which has another alarm. Each part runs even if the other one fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from handler import log
from handler.audited_accounts import AuditedAccounts
from handler.clients import Clients
from handler.daily_inspection import DailyInspection
from handler.settings_file import FILE_NAME, SettingsFile
from handler.stack_instances import CallAs, StackSets

MAX_PARALLEL = 10
"""The size of a botocore client's connection pool."""
RESERVED_MS = 60_000
"""An inspection begins no further stack when the function has less time left: reading one takes a few seconds."""
MAX_LOCATIONS = 20
"""The most queues in one log line; `deployer failures list` shows all."""

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Context(Protocol):
    """The attributes of Lambda's context object that the watch uses."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


class NoQueueReadableError(Exception):
    """None of the queues could be read."""


class QueueLocation(NamedTuple):
    """The account and region of a dead-letter queue."""

    account: str
    region: str


class Unreadable(NamedTuple):
    """The queue gave no counts."""

    reason: str


def handle(event: object, context: Context) -> dict[str, object]:
    """Count and inspect once; EventBridge's schedule invokes this, and the time in its event determines the slice.

    The time of the event is the same in every attempt, so a retry inspects the same accounts.
    """
    log.quiet_libraries()
    settings = SettingsFile.load(Path(__file__).parent.parent / FILE_NAME)
    clients = Clients(region=os.environ["AWS_REGION"])
    caller = caller_of(settings, context.invoked_function_arn.split(":")[4])
    stack_sets = StackSets(clients=clients, call_as=caller.call_as)
    watch = Watch(
        clients=clients,
        stack_sets=stack_sets,
        stack_set=os.environ["FORWARDING_STACK_SET"],
        queue_name=os.environ["DEAD_LETTER_QUEUE"],
        caller=caller,
        clock=_now,
    )
    inspection = DailyInspection(
        stack_sets=stack_sets,
        accounts=AuditedAccounts(clients=clients, role_name=os.environ["AUDITOR_ROLE"]),
        access=os.environ["ACCESS_STACK_SET"],
        forwarding=os.environ["FORWARDING_STACK_SET"],
        creation_templates=os.environ["CREATION_TEMPLATES_STACK_SETS"],
        own=caller.own,
        home_region=clients.region,
        partition=clients.partition,
        clock=_now,
        is_late=lambda: context.get_remaining_time_in_millis() < RESERVED_MS,
    )
    try:
        fields = watch.count(request_id=context.aws_request_id)
        log.write(fields)
    finally:
        inspected = inspection.run(scheduled=_scheduled(event), request_id=context.aws_request_id)
        log.write(inspected)
    return {**fields, "inspection": inspected}


def _now() -> datetime:
    return datetime.now(UTC)


def _scheduled(event: object) -> datetime:
    """The time for which EventBridge scheduled this run; now if somebody else invoked the function."""
    try:
        return datetime.fromisoformat(str(event["time"])) if isinstance(event, dict) else _now()
    except (LookupError, ValueError):
        return _now()


class Caller(NamedTuple):
    """`CallAs` of the central account, and the locations of its own queues, which no StackSet deployed."""

    call_as: CallAs
    own: tuple[QueueLocation, ...]
    """The locations of companion stacks, if this is the management account: it is no target of StackSets."""


def caller_of(settings: SettingsFile, account: str) -> Caller:
    """The role of the central account in the organization at the last roll-out.

    Trying a call would not determine it: AWS returns the same error, `ValidationError: Account used is not a delegated
    administrator`, to a delegated administrator that lacks a permission and to an account that is none.
    """
    if account == settings.management_account:
        return Caller("SELF", covered(settings, account))
    return Caller("DELEGATED_ADMIN", ())


def covered(settings: SettingsFile, account: str) -> tuple[QueueLocation, ...]:
    """The covered regions of an account according to the settings of the last roll-out."""
    chain = settings.last_known_chain(account)
    if chain is None or not (found := settings.settings_for(account, chain)).enabled:
        return ()
    return tuple(QueueLocation(account, region) for region in found.regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Counts the messages in all queues."""

    clients: Clients
    stack_sets: StackSets
    stack_set: str
    queue_name: str
    caller: Caller
    clock: Callable[[], datetime]

    def count(self, *, request_id: str) -> dict[str, object]:
        """The fields of the log line: the waiting messages, their locations, and the queues that could not be read.

        Queues of suspended accounts are read as well, because such an account can be reopened. If they cannot be read,
        as is expected, they are reported as `suspended` instead of `unreadable`.
        """
        steps = log.Steps()
        with steps("instances"):
            is_suspended = dict(self._locations())
            locations = sorted(is_suspended)
        with steps("queues"), ThreadPoolExecutor(MAX_PARALLEL) as pool:
            counts = dict(zip(locations, pool.map(self._messages_in, locations), strict=True))
        waiting = {location: count for location, count in counts.items() if isinstance(count, int) and count}
        unread = {location: count for location, count in counts.items() if isinstance(count, Unreadable)}
        unreadable = {location: count for location, count in unread.items() if not is_suspended[location]}
        if unreadable and len(unread) == len(locations):
            location, (reason,) = next(iter(unreadable.items()))
            raise NoQueueReadableError(
                f"none of {len(unreadable)} queues could be read: {location.account} {location.region}: {reason}"
            )
        return {
            "timestamp": self.clock().isoformat(timespec="milliseconds"),
            "level": "ERROR" if waiting else "WARN" if unreadable else "INFO",
            "request_id": request_id,
            "outcome": log.WATCHED,
            "queues": len(locations),
            "waiting": sum(waiting.values()),
            "unreadable": len(unreadable),
            "suspended": len(unread) - len(unreadable),
            "places": [f"{one.account} {one.region}: {count}" for one, count in waiting.items()][:MAX_LOCATIONS],
            "unreadable_places": [f"{one.account} {one.region}: {reason}" for one, (reason,) in unreadable.items()][
                :MAX_LOCATIONS
            ],
            "milliseconds": steps.milliseconds,
        }

    def _locations(self) -> Iterator[tuple[QueueLocation, bool]]:
        """The instances of the forwarding StackSet, and whether AWS skipped them because their account is suspended.

        Before the first roll-out to members there are none.
        """
        yield from ((location, False) for location in self.caller.own)
        for one in self.stack_sets.instances(self.stack_set):
            yield QueueLocation(one.account, one.region), one.is_skipped

    def _messages_in(self, location: QueueLocation) -> int | Unreadable:
        """The messages in a queue, including those in flight or delayed."""
        client = self.clients.of("sqs", region=location.region, credentials=None)
        url = f"{client.meta.endpoint_url}/{location.account}/{self.queue_name}"
        try:
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
            return sum(int(found[name]) for name in _COUNTS)
        except ClientError as error:
            return Unreadable(error.response["Error"]["Code"])
        except (BotoCoreError, LookupError, ValueError) as error:
            return Unreadable(type(error).__name__)
