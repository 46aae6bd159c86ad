"""A6: An index shows a record within seconds, and paging through it loses none."""

from __future__ import annotations

import time
from typing import Any

from acceptance.check import Check, Finding, held, refuted
from acceptance.journal import Resource
from acceptance.lab import Lab

RECORDS = 23
PER_PAGE = 5
WITHIN = 10.0
"""The meaning of "within seconds"."""


def run(lab: Lab) -> Finding:
    """Write records whose index keys are equal, and read them through the index, a few a page."""
    client, name = lab.client("central", "dynamodb"), lab.name("table")
    resource = Resource(kind="table", side="central", region=lab.environment.region, name=name)
    lab.create(resource, lambda: client.create_table(TableName=name, **_definition()))
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2})
    for number in range(RECORDS):
        item = {"account": {"S": f"{number:012}"}, "at": {"S": "same"}, "repository": {"S": "same"}}
        client.put_item(TableName=name, Item=item)
    written = time.monotonic()
    found = read(client, name)
    while len(set(found)) < RECORDS and time.monotonic() - written < WITHIN:
        lab.clock.sleep(1.0)
        if lab.access.is_sandbox:
            written -= 1.0  # sleeps take no time there
        found = read(client, name)
    seconds = round(time.monotonic() - written, 1)
    counts: dict[str, Any] = {"written": RECORDS, "found": len(found), "distinct": len(set(found)), "seconds": seconds}
    if len(found) != RECORDS or len(set(found)) != RECORDS:
        return refuted(f"After {WITHIN:.0f} s the index did not return each record once", **counts)
    return held("Paging through the index returned each record once", **counts)


def read(client: Any, table: str) -> list[str]:
    """The accounts of all records, through the index."""
    found, request = [], _query(table)
    while True:
        answer = client.query(**request)
        found += [item["account"]["S"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _query(table: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": "by-repository",
        "KeyConditionExpression": "repository = :same",
        "ExpressionAttributeValues": {":same": {"S": "same"}},
        "Limit": PER_PAGE,
    }


def _definition() -> dict[str, Any]:
    """Like the ledger: an index with a partition key of its own and the table's sort key."""
    return {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("account", "at", "repository")
        ],
        "KeySchema": [{"AttributeName": "account", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-repository",
                "KeySchema": [
                    {"AttributeName": "repository", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


CHECK = Check(
    number=6,
    title="An index shows a record within seconds, and paging through it loses none",
    run=run,
    creates=("central: a DynamoDB table",),
    minutes=1,
    altered_by="INDEX_PAGES_LOSE_ITEMS",
)
