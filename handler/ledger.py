"""The ledger's table: its key schema, writing a record exactly once, and counting new repositories exactly.

A limit must hold while hundreds of events are handled concurrently; it must count neither a retry nor the five events
of one push more than once; and existing repositories must not count. So names are counted, not events: one item for
each account and hour holds the SET of repositories that were accepted, and one conditional update both adds a name and
checks the size. DynamoDB serializes updates of one item, which makes the count exact; adding a name again changes
nothing, which makes the update idempotent. The hour is the hour of the event, so a retry an hour later counts in the
same item. If the repository turns out to exist, created by somebody else, its slot is released. A crash before the
release, a creation that AWS refuses, and a push whose layers fall into two hours each use one slot too many; no case
ever allows one repository too many. A counter is kept as long as an event of its hour can be delivered again, from a
queue or from the archive.

Records are added with PartiQL's INSERT, not PutItem: INSERT never replaces an item, and it has its own IAM action, so
the function's role CANNOT change existing records, whatever code runs in the function.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html

Errors of the ledger are always raised: Lambda retries the event, and the retry completes it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from handler import reasons
from handler.errors import PermanentError
from handler.events import FailedCall
from handler.json_values import JsonValue
from handler.observed_calls import ObservedCall
from handler.reasons import Outcome
from handler.records import Record, RecordRetention, key_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

PARTITION_KEY = "account"
SORT_KEY = "at"
OUTCOME_INDEX = "by-outcome"
OUTCOME_KEY = "outcome_month"
REPOSITORY_INDEX = "by-repository"
REPOSITORY_KEY = "repository"
EVENT_INDEX = "by-event"
EVENT_KEY = "event_id"
EXPIRY_ATTRIBUTE = "expires"
COUNTER_PREFIX = "limit#"
"""Prefix of the partition key of every counter; records have none, because their key is an account id of 12 digits."""

MAX_REDRIVE_AGE = timedelta(days=15)
"""EventBridge retries the delivery of an event for one day, and SQS keeps it for 14: until then it may be counted."""

_COUNTER_SORT_KEY = "repositories"
REFUSALS = "refusals"
"""Sort key of the counter of refusals, and the name of its attribute that holds the count."""

ONE_PUSH = timedelta(seconds=8)
"""Refusals of a repository for one caller and reason within this time are of one push, which calls once for each layer.
`deployer ensure` accepts a refusal that is up to 10 s older than its own request, so that of a repeated command counts.
"""
_PUSHES_KEPT = timedelta(days=1)

_DENIALS_SORT_KEY = "denials#"
_DENIALS_RETENTION = timedelta(days=1)
"""Lambda retries an event for six hours at most."""
MAX_PER_HOUR = 10_000
"""The highest limit that settings may configure. The counter grows with it, an item holds at most 400 KB, and each
update is charged for the whole item."""

_DIGEST_BYTES = 12
"""Length of the digest of a repository's name: 10,000 digests make an item of 170 KB, and the probability that two
names of one hour have the same digest is 1 in 10**21."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The share of one repository in its account's limit for one hour."""

    account: str
    hour: datetime
    digest: str

    @classmethod
    def of(cls, call: FailedCall | ObservedCall) -> Slot:
        """The slot of the repository that a call did not find."""
        digest = sha256(f"{call.region}/{call.repository}".encode()).digest()[:_DIGEST_BYTES]
        return cls(
            account=call.account,
            hour=call.event_time.replace(minute=0, second=0, microsecond=0),
            digest=urlsafe_b64encode(digest).decode(),
        )

    @property
    def key(self) -> dict[str, AttributeValueTypeDef]:
        """Key of the counter's item."""
        return _counter_key(self.account, self.hour, _COUNTER_SORT_KEY)

    def limit_text(self, limit: int) -> str:
        """The limit that is exhausted, and when the next hour begins."""
        resets = self.hour + timedelta(hours=1)
        return f"The limit is {limit} in an hour; it resets at {resets:%Y-%m-%d %H:%M} UTC."

    def expires(self, archive_retention: timedelta) -> int:
        """When DynamoDB may delete the counter, in seconds since 1970; events are archived for `archive_retention`."""
        return int((self.hour + timedelta(hours=1) + max(MAX_REDRIVE_AGE, archive_retention)).timestamp())


def refusals_key(account: str, time: datetime) -> dict[str, AttributeValueTypeDef]:
    """Key of the counter of an account's refusals in the hour of a time."""
    return _counter_key(account, time, REFUSALS)


def _counter_key(account: str, hour: datetime, kind: str) -> dict[str, AttributeValueTypeDef]:
    return {PARTITION_KEY: {"S": f"{COUNTER_PREFIX}{account}#{hour:%Y-%m-%dT%H}"}, SORT_KEY: {"S": kind}}


def _push_key(record: Record) -> dict[str, AttributeValueTypeDef]:
    """Key of the item that knows the first refusal of a push."""
    parts = (record.region, record.repository, record.principal, record.reason)
    digest = sha256("\n".join(map(str, parts)).encode()).digest()[:_DIGEST_BYTES]
    return {
        PARTITION_KEY: {"S": f"{COUNTER_PREFIX}{record.account}#pushes"},
        SORT_KEY: {"S": urlsafe_b64encode(digest).decode()},
    }


class Ledger:
    """The table, accessed with the function's own role; the client is created when it is needed."""

    def __init__(
        self,
        client: Callable[[], DynamoDBClient],
        *,
        table: str,
        kept: RecordRetention | None = None,
        archive_retention: timedelta = timedelta(),
    ) -> None:
        self._client = client
        self._table = table
        self._kept = kept or RecordRetention()
        self._archive_retention = archive_retention

    def write(self, record: Record) -> bool:
        """Add a record; False if it exists already, which is equally good.

        Raises PermanentError if the existing record is for another repository: event ids are unique, so one of the two
        events is forged.
        """
        client = self._client()
        item = record.to_item(self._kept)
        attributes = ", ".join(f"'{name}': ?" for name in item)
        try:
            client.execute_statement(
                Statement=f'INSERT INTO "{self._table}" VALUE {{{attributes}}}', Parameters=list(item.values())
            )
        except client.exceptions.DuplicateItemException:
            self._has(record.account, record.at, of=(record.region, record.repository))
            return False
        return True

    def has(self, outcome: Outcome, call: FailedCall | ObservedCall) -> bool:
        """Whether a call has a record of this outcome (any but `failed`), which means that its work is done.

        Raises PermanentError as `write` does.
        """
        at = key_of(event_time=call.event_time, event_id=call.event_id, outcome=outcome, request_id="")
        return self._has(call.account, at, of=(call.region, call.repository))

    def has_created(self, account: str, event_id: str) -> bool:
        """Whether an account has a `created` record of an event whose time is unknown; it may be seconds old."""
        response = self._client().query(
            TableName=self._table,
            IndexName=EVENT_INDEX,
            KeyConditionExpression="#event = :event",
            ExpressionAttributeNames={"#event": EVENT_KEY},
            ExpressionAttributeValues={":event": {"S": event_id}},
        )
        found = ((item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]) for item in response["Items"])
        return any(owner == account and at.endswith(f"#{event_id}#created") for owner, at in found)

    def _has(self, account: str, at: str, *, of: tuple[str | None, str | None]) -> bool:
        names = {"#region": "region", "#repository": REPOSITORY_KEY}
        response = self._client().get_item(
            TableName=self._table,
            Key={PARTITION_KEY: {"S": account}, SORT_KEY: {"S": at}},
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        if "Item" not in response:
            return False
        region, repository = (response["Item"].get(name, {}).get("S") for name in names.values())
        if (region, repository) != of:
            detail = f"The ledger has a record of this event and outcome for {repository} in {region}"
            raise PermanentError(reasons.RECORD_CONFLICT, detail)
        return True

    def reserve(self, slot: Slot, *, limit: int) -> bool:
        """Reserve one of the hour's slots for a repository, or keep a reserved one; False if none is left."""
        client = self._client()
        try:
            client.update_item(
                TableName=self._table,
                Key=slot.key,
                UpdateExpression="ADD #slots :slot SET #expires = :expires",
                ConditionExpression="attribute_not_exists(#slots) OR size(#slots) < :limit OR contains(#slots, :name)",
                ExpressionAttributeNames={"#slots": "slots", "#expires": EXPIRY_ATTRIBUTE},
                ExpressionAttributeValues={
                    ":slot": {"SS": [slot.digest]},
                    ":name": {"S": slot.digest},
                    ":limit": {"N": str(limit)},
                    ":expires": {"N": str(slot.expires(self._archive_retention))},
                },
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def release(self, slot: Slot) -> None:
        """Release a slot; nothing happens if it is not reserved."""
        self._client().update_item(
            TableName=self._table,
            Key=slot.key,
            UpdateExpression="DELETE #slots :slot",
            ExpressionAttributeNames={"#slots": "slots"},
            ExpressionAttributeValues={":slot": {"SS": [slot.digest]}},
        )

    def count_refusal(self, account: str, time: datetime) -> int:
        """Count one more refusal in the account's hour and return the new count. A retry counts again."""
        names, values = {"#refusals": REFUSALS}, {":one": {"N": "1"}}
        expression = "ADD #refusals :one"
        if self._kept.refused is not None:
            hour = time.replace(minute=0, second=0, microsecond=0)
            until = hour + timedelta(hours=1) + max(MAX_REDRIVE_AGE, self._archive_retention, self._kept.refused)
            names["#expires"], values[":expires"] = EXPIRY_ATTRIBUTE, {"N": str(int(until.timestamp()))}
            expression += " SET #expires = :expires"
        response = self._client().update_item(
            TableName=self._table,
            Key=refusals_key(account, time),
            UpdateExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
        return int(response["Attributes"][REFUSALS]["N"])

    def first_refusal(self, record: Record) -> str:
        """The event whose record stands for this refusal: an earlier one of the same push, or its own.

        One conditional update decides, so parallel events agree on one. An event that decided before gets itself again,
        so a retry writes the record that a crash prevented.
        """
        client = self._client()
        time = int(record.event_time.timestamp())
        around = int(ONE_PUSH.total_seconds())
        try:
            client.update_item(
                TableName=self._table,
                Key=_push_key(record),
                UpdateExpression="SET #time = :time, #event = :event, #expires = :expires",
                ConditionExpression="attribute_not_exists(#time) OR #time < :from OR #time > :to OR #event = :event",
                ExpressionAttributeNames={"#time": "time", "#event": "event", "#expires": EXPIRY_ATTRIBUTE},
                ExpressionAttributeValues={
                    ":time": {"N": str(time)},
                    ":event": {"S": record.event_id},
                    ":from": {"N": str(time - around)},
                    ":to": {"N": str(time + around)},
                    ":expires": {"N": str(int((record.received_at + _PUSHES_KEPT).timestamp()))},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except client.exceptions.ConditionalCheckFailedException as taken:
            response: JsonValue = taken.response  # whose type lacks the item
            return str(response["Item"]["event"]["S"])
        return record.event_id

    def count_denial(self, call: FailedCall | ObservedCall, *, request_id: str, now: datetime) -> int:
        """Count one more denied attempt at an event and return the count for this request id.

        The item has the key prefix of the counters, for which the role has permission to update items.
        """
        expires = int((now + _DENIALS_RETENTION).timestamp())
        response = self._client().update_item(
            TableName=self._table,
            Key=Slot.of(call).key | {SORT_KEY: {"S": f"{_DENIALS_SORT_KEY}{request_id}"}},
            UpdateExpression="ADD #denials :one SET #expires = :expires",
            ExpressionAttributeNames={"#denials": "denials", "#expires": EXPIRY_ATTRIBUTE},
            ExpressionAttributeValues={":one": {"N": "1"}, ":expires": {"N": str(expires)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(response["Attributes"]["denials"]["N"])
