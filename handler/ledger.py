"""The ledger's table: its key schema, writing a record once, and counting new repositories exactly.

A limit must hold while hundreds of events are handled at once, must not count a retry or the five events of one push
five times, and must not be used up by repositories that are there already. So what is counted is not events but names:
one item for each account and hour holds the SET of repositories that events were let through for, and one conditional
update both adds to it and looks at its size. DynamoDB runs updates of one item one after another, which makes it exact;
adding a name again changes nothing, which makes it safe to repeat. The hour is that of the event, so that a retry an
hour later counts where it counted before. Should the repository turn out to exist by someone else's hand, its slot is
given back. A crash before the giving back, a creation that AWS refuses, and a push whose layers lie on both sides of a
full hour use up a slot too many; nothing ever lets one repository too many through. A counter is kept for as long as an
event of its hour may come again, from a queue or from the archive.

Records are added by PartiQL's INSERT, not by PutItem: INSERT never replaces an item, and IAM knows it as an action of
its own, so the function's role CANNOT change what is written, whatever code runs in it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html

Errors of the ledger are never swallowed: Lambda retries the event, and the retry finishes it.
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
from handler.reasons import Outcome
from handler.records import EXPIRY, Record, key_of

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
"""Begins the partition key of every counter; no record's does, since an account is 12 digits."""

REDRIVEN_WITHIN = timedelta(days=15)
"""EventBridge tries to deliver an event for a day, and SQS keeps it for 14: so long it may still be counted."""

_COUNTER_SORT_KEY = "repositories"
REFUSALS = "refusals"
"""Sort key of the counter of refusals, and its attribute that counts them."""

_DENIALS_SORT_KEY = "denials#"
_DENIALS_KEPT = timedelta(days=1)
"""Lambda attempts an event for six hours at most."""
MOST_PER_HOUR = 10_000
"""The highest limit that settings may ask for. The counter grows with it, an item holds 400 KB, and each update is
charged for the whole item."""

_DIGEST_BYTES = 12
"""Of a repository's name: 10,000 make an item of 170 KB, and two names of an hour share one once in 10**21."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What one repository takes up of its account's limit in one hour."""

    account: str
    hour: datetime
    digest: str

    @classmethod
    def of(cls, call: FailedCall) -> Slot:
        """The slot of the repository that a call missed."""
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

    def expires(self, archived: timedelta) -> int:
        """When DynamoDB may delete the counter, in seconds since 1970; `archived` is how long events are archived."""
        return int((self.hour + timedelta(hours=1) + max(REDRIVEN_WITHIN, archived)).timestamp())


def refusals_key(account: str, time: datetime) -> dict[str, AttributeValueTypeDef]:
    """Key of the counter of an account's refusals in the hour of a time."""
    return _counter_key(account, time, REFUSALS)


def _counter_key(account: str, hour: datetime, kind: str) -> dict[str, AttributeValueTypeDef]:
    return {PARTITION_KEY: {"S": f"{COUNTER_PREFIX}{account}#{hour:%Y-%m-%dT%H}"}, SORT_KEY: {"S": kind}}


class Ledger:
    """The table, through the function's own role; the client is asked for when it is needed."""

    def __init__(
        self,
        client: Callable[[], DynamoDBClient],
        *,
        table: str,
        expiry: timedelta = EXPIRY,
        archived: timedelta = timedelta(),
        refusals_kept: timedelta | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._expiry = expiry
        self._archived = archived
        self._refusals_kept = refusals_kept

    def write(self, record: Record) -> bool:
        """Add a record; False if it was there already, which is as good.

        Raises PermanentError if the record there is of another repository: event ids are unique, so one of the two
        events was made up.
        """
        client = self._client()
        item = record.to_item(expiry=self._expiry, refusals_kept=self._refusals_kept)
        attributes = ", ".join(f"'{name}': ?" for name in item)
        try:
            client.execute_statement(
                Statement=f'INSERT INTO "{self._table}" VALUE {{{attributes}}}', Parameters=list(item.values())
            )
        except client.exceptions.DuplicateItemException:
            self._has(record.account, record.at, of=(record.region, record.repository))
            return False
        return True

    def has(self, outcome: Outcome, call: FailedCall) -> bool:
        """Whether a call has a record of this outcome (any but `failed`), which is written when its work is done.

        Raises PermanentError as `write` does.
        """
        at = key_of(event_time=call.event_time, event_id=call.event_id, outcome=outcome, request_id="")
        return self._has(call.account, at, of=(call.region, call.repository))

    def _has(self, account: str, at: str, *, of: tuple[str | None, str | None]) -> bool:
        names = {"#region": "region", "#repository": REPOSITORY_KEY}
        answer = self._client().get_item(
            TableName=self._table,
            Key={PARTITION_KEY: {"S": account}, SORT_KEY: {"S": at}},
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        if "Item" not in answer:
            return False
        region, repository = (answer["Item"].get(name, {}).get("S") for name in names.values())
        if (region, repository) != of:
            detail = f"The ledger has a record of this event and outcome for {repository} in {region}"
            raise PermanentError(reasons.RECORD_CONFLICT, detail)
        return True

    def reserve(self, slot: Slot, *, limit: int) -> bool:
        """Take one of the hour's slots for a repository, or keep it; False when none is left."""
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
                    ":expires": {"N": str(slot.expires(self._archived))},
                },
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def give_back(self, slot: Slot) -> None:
        """Free a slot; one that is not taken stays free."""
        self._client().update_item(
            TableName=self._table,
            Key=slot.key,
            UpdateExpression="DELETE #slots :slot",
            ExpressionAttributeNames={"#slots": "slots"},
            ExpressionAttributeValues={":slot": {"SS": [slot.digest]}},
        )

    def count_refusal(self, account: str, time: datetime) -> int:
        """Count one more refusal in the account's hour; gives how many there are. A retry counts again."""
        names, values = {"#refusals": REFUSALS}, {":one": {"N": "1"}}
        expression = "ADD #refusals :one"
        if self._refusals_kept is not None:
            hour = time.replace(minute=0, second=0, microsecond=0)
            until = hour + timedelta(hours=1) + max(REDRIVEN_WITHIN, self._archived, self._refusals_kept)
            names["#expires"], values[":expires"] = EXPIRY_ATTRIBUTE, {"N": str(int(until.timestamp()))}
            expression += " SET #expires = :expires"
        answer = self._client().update_item(
            TableName=self._table,
            Key=refusals_key(account, time),
            UpdateExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"][REFUSALS]["N"])

    def count_denial(self, call: FailedCall, *, request_id: str, now: datetime) -> int:
        """Count an attempt at an event that AWS denied; gives how many there were under this id of a request.

        The item lies beside the limit's counters, where the role may update items.
        """
        expires = int((now + _DENIALS_KEPT).timestamp())
        answer = self._client().update_item(
            TableName=self._table,
            Key=Slot.of(call).key | {SORT_KEY: {"S": f"{_DENIALS_SORT_KEY}{request_id}"}},
            UpdateExpression="ADD #denials :one SET #expires = :expires",
            ExpressionAttributeNames={"#denials": "denials", "#expires": EXPIRY_ATTRIBUTE},
            ExpressionAttributeValues={":one": {"N": "1"}, ":expires": {"N": str(expires)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["denials"]["N"])
