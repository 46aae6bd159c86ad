"""The ledger is append-only for the handler's role, with IAM enforced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_org_sandbox.sandbox import Sandbox
from handler.ledger import Ledger, Slot
from handler.records import Record
from sandbox.tests.stacks import arn_of, assume, deploy, role
from templates import policies
from tests.handler.events import call
from tests.handler.test_ledger import TABLE, client
from tests.handler.test_records import record

__all__ = ["client"]

WRITTEN = record(region="eu-west-1", repository="team-a/api", detail="as it was")
KEY = {name: WRITTEN.to_item()[name] for name in ("account", "at")}
FORGED = record(region="eu-west-1", repository="team-a/api", detail="forged").to_item()


@pytest.fixture
def as_handler(sandbox: Sandbox, client: Any) -> Any:
    """DynamoDB as a role with the same statements as the handler's role in the template."""
    account = sandbox.central_account
    arn = client.describe_table(TableName=TABLE)["Table"]["TableArn"]
    statements = (policies.write_ledger(arn), policies.count_in_ledger(arn))
    deploy({"Role": role("writer", *statements)}, name="writer", account=account)
    credentials = assume(sandbox, arn_of("writer", account=account), account=account)
    return sandbox.client_with(credentials, "dynamodb")


def changes(dynamodb: Any) -> dict[str, Callable[[], Any]]:
    """Every way in which DynamoDB allows changing or deleting a record."""
    update = {"UpdateExpression": "SET detail = :d", "ExpressionAttributeValues": {":d": {"S": "forged"}}}
    return {
        "PutItem": lambda: dynamodb.put_item(TableName=TABLE, Item=FORGED),
        "UpdateItem": lambda: dynamodb.update_item(TableName=TABLE, Key=KEY, **update),
        "DeleteItem": lambda: dynamodb.delete_item(TableName=TABLE, Key=KEY),
        "BatchWriteItem": lambda: dynamodb.batch_write_item(RequestItems={TABLE: [{"DeleteRequest": {"Key": KEY}}]}),
        "TransactWriteItems": lambda: dynamodb.transact_write_items(
            TransactItems=[{"Delete": {"TableName": TABLE, "Key": KEY}}]
        ),
        "PartiQL UPDATE": lambda: dynamodb.execute_statement(Statement=f'UPDATE "{TABLE}" SET detail=1'),
        "PartiQL DELETE": lambda: dynamodb.execute_statement(Statement=f'DELETE FROM "{TABLE}"'),
        "UpdateTimeToLive": lambda: dynamodb.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "version"}
        ),
        "DeleteTable": lambda: dynamodb.delete_table(TableName=TABLE),
    }


def kept(client: Any) -> list[Record]:
    return [Record.from_item(item) for item in client.scan(TableName=TABLE)["Items"] if "outcome" in item]


def test_the_handler_adds_records_and_counts(as_handler: Any, client: Any) -> None:
    ledger = Ledger(lambda: as_handler, table=TABLE)
    assert ledger.write(WRITTEN)
    assert ledger.reserve(Slot.of(call()), limit=1)
    assert ledger.count_refusal(WRITTEN.account, WRITTEN.event_time) == 1
    assert ledger.has("created", call(changes={"detail.eventID": WRITTEN.event_id}))
    assert kept(client) == [WRITTEN]


def test_no_permission_of_the_handler_changes_or_deletes_a_record(as_handler: Any, client: Any) -> None:
    ledger = Ledger(lambda: as_handler, table=TABLE)
    ledger.write(WRITTEN)
    for way, attempt in changes(as_handler).items():
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException", way
    assert not ledger.write(Record.from_item(FORGED))
    assert kept(client) == [WRITTEN]
