"""The ledger's table as people read it: queries by key and index, newest first. Implements `deployer.audit.Ledger`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployer.aws.errors import code_of, translated
from deployer.errors import NotFoundError
from handler.ledger import DAY_INDEX, DAY_KEY, PARTITION_KEY, REPOSITORY_INDEX, REPOSITORY_KEY, SORT_KEY
from handler.records import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MISSING = "ResourceNotFoundException"
_AFTER_EVERY_TIME = "~"
"""Sorts behind `T`, with which the time of day begins, so that a whole day lies before it."""


class LedgerTable:
    """The table of one installation."""

    def __init__(self, client: DynamoDBClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def of_account(self, account: str, *, since: date, until: date) -> Iterator[Record]:
        """Records of an account in days from `since` to `until`, both included."""
        return self._query(PARTITION_KEY, account, between=(since, until))

    def of_repository(self, repository: str, *, since: date, until: date) -> Iterator[Record]:
        """Records of a repository's name in all accounts and regions."""
        return self._query(REPOSITORY_KEY, repository, index=REPOSITORY_INDEX, between=(since, until))

    def of_day(self, day: date) -> Iterator[Record]:
        """Records of a day in UTC."""
        return self._query(DAY_KEY, day.isoformat(), index=DAY_INDEX)

    def exists(self) -> bool:
        """Whether the table is there."""
        with translated():
            try:
                self._client.describe_table(TableName=self._table)
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return False
                raise
        return True

    def remove(self) -> None:
        """Lift the deletion protection and delete the table with all its records; one that is gone is fine."""
        with translated():
            try:
                self._client.update_table(TableName=self._table, DeletionProtectionEnabled=False)
                self._client.get_waiter("table_exists").wait(TableName=self._table, WaiterConfig={"Delay": 2})
                self._client.delete_table(TableName=self._table)
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise

    def _query(
        self, key: str, value: str, *, index: str | None = None, between: tuple[date, date] | None = None
    ) -> Iterator[Record]:
        condition, values = "#key = :value", {":value": {"S": value}}
        names = {"#key": key}
        if between is not None:
            condition += " AND #at BETWEEN :since AND :until"
            names["#at"] = SORT_KEY
            values[":since"] = {"S": between[0].isoformat()}
            values[":until"] = {"S": between[1].isoformat() + _AFTER_EVERY_TIME}
        request: Any = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
            **({"IndexName": index} if index else {}),
        }
        while True:
            answer = self._page(request)
            yield from (Record.from_item(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _page(self, request: Any) -> Any:
        with translated():
            try:
                return self._client.query(**request)
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                raise NotFoundError(
                    f"There is no ledger {self._table} in this account and region",
                    next_step="`deployer rollout --org` makes it.",
                ) from error
