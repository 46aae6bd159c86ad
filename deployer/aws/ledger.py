"""The ledger's table as people read it: pages by key and index, never a scan. Implements `deployer.audit.Ledger`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from deployer.audit.index_keys import IndexKey
from deployer.audit.query import Query
from deployer.audit.reading import Page, Usage
from deployer.aws.errors import code_of, translated
from deployer.aws.ledger_queries import KEYS, request_for
from deployer.aws.session import Session
from deployer.errors import NotFoundError
from deployer.words import counted
from handler import reasons
from handler.json_values import JsonValue
from handler.ledger import PARTITION_KEY, REFUSALS, SORT_KEY, refusals_key
from handler.records import MAX_REFUSALS, Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        GetItemOutputTypeDef,
        QueryInputTypeDef,
        QueryOutputTypeDef,
        UniversalAttributeValueTypeDef,
    )

_MISSING = "ResourceNotFoundException"


class LedgerTable:
    """The table of one installation; pages of an index follow each other without a gap (assumption A6)."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @classmethod
    def connect(cls, session: Session, *, table: str, region: str | None = None) -> Self:
        """The table, by name or ARN, as the principal of a session; in the session's region by default."""
        return cls(session.client("dynamodb", region=region), table=table)

    def page(self, index_key: IndexKey, query: Query, *, start: JsonValue = None, size: int | None = None) -> Page:
        """One call of Query; `size` limits how many items DynamoDB reads for it."""
        request = request_for(index_key, query, table=self._table)
        if start is not None:
            request["ExclusiveStartKey"] = start
        if size is not None:
            request["Limit"] = size
        return self._page(request)

    def of_event(self, event_id: str, *, usage: Usage | None = None) -> Iterator[Record]:
        """All records about one CloudTrail event, the oldest first: each failed attempt, and the final outcome."""
        index, key = KEYS["by-event"]
        assert index is not None, KEYS
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": key},
            "ExpressionAttributeValues": {":value": {"S": event_id}},
            "ReturnConsumedCapacity": "TOTAL",
        }
        usage = usage if usage is not None else Usage()
        listed = self._query(request)
        usage.add(Page(records=(), capacity=_capacity(listed)))
        for found in listed["Items"]:
            keys = {name: found[name] for name in (PARTITION_KEY, SORT_KEY)}
            answer = self._get_item(keys)
            usage.add(Page(records=(), examined=1, capacity=_capacity(answer)))
            if "Item" in answer:
                yield self._record(answer["Item"])

    def exists(self) -> bool:
        """Whether the table exists."""
        with translated():
            try:
                self._client.describe_table(TableName=self._table)
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return False
                raise
        return True

    def remove(self) -> None:
        """Lift the deletion protection and delete the table with all its records; does nothing if it does not exist."""
        with translated():
            try:
                self._client.update_table(TableName=self._table, DeletionProtectionEnabled=False)
                self._client.get_waiter("table_exists").wait(TableName=self._table, WaiterConfig={"Delay": 2})
                self._client.delete_table(TableName=self._table)
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise

    def _page(self, request: QueryInputTypeDef) -> Page:
        answer = self._query(request)
        return Page(
            records=tuple(self._record(item) for item in answer["Items"]),
            examined=answer["ScannedCount"],
            capacity=_capacity(answer),
            next=answer.get("LastEvaluatedKey"),
        )

    def _record(self, item: Mapping[str, AttributeValueTypeDef]) -> Record:
        """The record; one for refusals left out gets their number from the counter, if that still exists."""
        record = Record.from_item(item)
        if record.reason != reasons.REFUSALS_LEFT_OUT:
            return record
        key = refusals_key(record.account, record.event_time)
        number = int(self._get_item(key).get("Item", {}).get(REFUSALS, {}).get("N", 0))
        if number <= MAX_REFUSALS:  # the counter has expired or was reset
            return record
        left_out = f"up to {counted(number - MAX_REFUSALS, 'refusal')}"
        return replace(record, detail=f"{left_out} of this hour left out of the ledger; a retry counts again")

    def _query(self, request: QueryInputTypeDef) -> QueryOutputTypeDef:
        with self._existing():
            return self._client.query(**request)

    def _get_item(self, key: Mapping[str, UniversalAttributeValueTypeDef]) -> GetItemOutputTypeDef:
        with self._existing():
            return self._client.get_item(TableName=self._table, Key=key, ReturnConsumedCapacity="TOTAL")

    @contextmanager
    def _existing(self) -> Iterator[None]:
        """Raise NotFoundError if the table does not exist."""
        with translated():
            try:
                yield
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                raise NotFoundError(
                    f"The ledger {self._table} does not exist in this account and region",
                    next_step="`deployer rollout --org` creates it.",
                ) from error


def _capacity(answer: QueryOutputTypeDef | GetItemOutputTypeDef) -> float:
    return float(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
