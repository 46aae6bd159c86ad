"""The second function of the zip: once an hour it counts what waits in the dead-letter queues of all members.

What a member's rule could not bring to the central bus leaves no trace in the central account, and CloudWatch's alarms
see the metrics of their own account and region only. So somebody has to ask; one line of log, one metric, one alarm.
It reads numbers and no messages, and has a role of its own that can do nothing else. It reports the queues that it
cannot read, which an alarm watches; if it can read none, or AWS refuses to list where they are, it fails, which another
alarm watches.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from handler import log
from handler.clients import Clients
from handler.settings_file import FILE_NAME, SettingsFile

AT_ONCE = 10
"""As many connections as a client of botocore keeps."""
MOST_PLACES = 20
"""That a line names; `deployer failures list` names all."""

SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"
"""Detailed status of a stack instance whose account was suspended during the last operation (assumption A17).
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackInstanceComprehensiveStatus.html"""

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Context(Protocol):
    """What is used of Lambda's context object."""

    aws_request_id: str
    invoked_function_arn: str


class BlindError(Exception):
    """No queue at all could be asked."""


class Place(NamedTuple):
    """Where there is a dead-letter queue."""

    account: str
    region: str


class Unreadable(NamedTuple):
    """The queue gave no counts."""

    reason: str


def handle(event: Any, context: Context) -> dict[str, Any]:
    """Count once; EventBridge's schedule is what calls, and says nothing worth reading."""
    del event
    log.quiet_libraries()
    settings = SettingsFile.load(Path(__file__).parent.parent / FILE_NAME)
    watch = Watch(
        clients=Clients(region=os.environ["AWS_REGION"]),
        stack_set=os.environ["FORWARDING_STACK_SET"],
        queue_name=os.environ["DEAD_LETTER_QUEUE"],
        caller=caller_of(settings, context.invoked_function_arn.split(":")[4]),
        clock=lambda: datetime.now(UTC),
    )
    fields = watch.look(request_id=context.aws_request_id)
    log.write(fields)
    return fields


class Caller(NamedTuple):
    """Whom the central account acts for when it asks about StackSets, and where no StackSet of its reaches."""

    call_as: str
    own: tuple[Place, ...]
    """Where the management account has stacks of its own, should this be it: it is no target of StackSets."""


def caller_of(settings: SettingsFile, account: str) -> Caller:
    """The central account as the last roll-out saw it.

    Not found out by trying: AWS answers a delegated administrator that lacks a permission as it answers an account that
    is none, `ValidationError: Account used is not a delegated administrator`.
    """
    if account == settings.management_account:
        return Caller("SELF", covered(settings, account))
    return Caller("DELEGATED_ADMIN", ())


def covered(settings: SettingsFile, account: str) -> tuple[Place, ...]:
    """Where an account is covered, by the settings of the last roll-out."""
    chain = settings.remembered_chain(account)
    if chain is None or not (found := settings.settings_for(account, chain)).enabled:
        return ()
    return tuple(Place(account, region) for region in found.regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The look at all queues."""

    clients: Clients
    stack_set: str
    queue_name: str
    caller: Caller
    clock: Callable[[], datetime]

    def look(self, *, request_id: str) -> dict[str, Any]:
        """The fields of the log line: how many messages wait, where, and which queues could not be read.

        Queues of suspended accounts are read as well, because such an account can be reopened; that they cannot be
        read is expected, and reported as `suspended` instead of `unreadable`.
        """
        steps = log.Steps()
        with steps("instances"):
            is_suspended = dict(self._places())
            places = sorted(is_suspended)
        with steps("queues"), ThreadPoolExecutor(AT_ONCE) as pool:
            counts = dict(zip(places, pool.map(self._count, places), strict=True))
        waiting = {place: count for place, count in counts.items() if isinstance(count, int) and count}
        unread = {place: count for place, count in counts.items() if isinstance(count, Unreadable)}
        unreadable = {place: count for place, count in unread.items() if not is_suspended[place]}
        if unreadable and len(unread) == len(places):
            place, (reason,) = next(iter(unreadable.items()))
            raise BlindError(
                f"none of {len(unreadable)} queues could be read: {place.account} {place.region}: {reason}"
            )
        return {
            "timestamp": self.clock().isoformat(timespec="milliseconds"),
            "level": "ERROR" if waiting else "WARN" if unreadable else "INFO",
            "request_id": request_id,
            "outcome": log.WATCHED,
            "queues": len(places),
            "waiting": sum(waiting.values()),
            "unreadable": len(unreadable),
            "suspended": len(unread) - len(unreadable),
            "places": [f"{one.account} {one.region}: {count}" for one, count in waiting.items()][:MOST_PLACES],
            "unreadable_places": [f"{one.account} {one.region}: {reason}" for one, (reason,) in unreadable.items()][
                :MOST_PLACES
            ],
            "milliseconds": steps.milliseconds,
        }

    def _places(self) -> Iterator[tuple[Place, bool]]:
        """The instances of the forwarding StackSet, and whether AWS skipped them because their account is suspended.

        Before the first roll-out to members there are none.
        """
        yield from ((place, False) for place in self.caller.own)
        try:
            yield from self._instances()
        except ClientError as error:
            if error.response["Error"]["Code"] != "StackSetNotFoundException":
                raise

    def _instances(self) -> Iterator[tuple[Place, bool]]:
        client = self.clients.own("cloudformation")
        request = {"StackSetName": self.stack_set, "CallAs": self.caller.call_as}
        while True:
            answer = client.list_stack_instances(**request)
            for one in answer["Summaries"]:
                status = one.get("StackInstanceStatus", {}).get("DetailedStatus")
                yield Place(one["Account"], one["Region"]), status == SKIPPED
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def _count(self, place: Place) -> int | Unreadable:
        """Messages in a queue, held and delayed ones too."""
        client = self.clients.of("sqs", region=place.region, credentials=None)
        url = f"{client.meta.endpoint_url}/{place.account}/{self.queue_name}"
        try:
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
            return sum(int(found[name]) for name in _COUNTS)
        except ClientError as error:
            return Unreadable(error.response["Error"]["Code"])
        except (BotoCoreError, LookupError, ValueError) as error:
            return Unreadable(type(error).__name__)
