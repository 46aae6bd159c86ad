from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from aws_org_sandbox.sandbox import Sandbox

INSERT = "INSERT INTO \"ledger\" VALUE {'account': ?, 'detail': ?}"
ITEM = {"account": {"S": "1"}, "detail": {"S": "first"}}


@pytest.fixture
def dynamodb(sandbox: Sandbox) -> Any:
    client = sandbox.client("dynamodb")
    client.create_table(
        TableName="ledger",
        AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def test_an_insert_adds_an_item_and_never_replaces_one(dynamodb: Any) -> None:
    dynamodb.execute_statement(Statement=INSERT, Parameters=list(ITEM.values()))
    with pytest.raises(dynamodb.exceptions.DuplicateItemException):
        dynamodb.execute_statement(Statement=INSERT, Parameters=[{"S": "1"}, {"S": "second"}])
    assert dynamodb.scan(TableName="ledger")["Items"] == [ITEM]


@pytest.mark.parametrize(
    ("statement", "parameters", "code"),
    [
        pytest.param(INSERT.replace("ledger", "other"), 2, "ResourceNotFoundException", id="no such table"),
        pytest.param(INSERT, 1, "ValidationException", id="a missing parameter value"),
        pytest.param("INSERT INTO \"ledger\" VALUE {'detail': ?}", 1, "ValidationException", id="no key"),
        pytest.param('DELETE FROM "ledger" WHERE account = ?', 1, "ValidationException", id="an unsupported statement"),
    ],
)
def test_invalid_statements_are_refused(dynamodb: Any, statement: str, parameters: int, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        dynamodb.execute_statement(Statement=statement, Parameters=[{"S": "1"}] * parameters)
    assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("item", "is_taken"),
    [
        pytest.param({"name": "a" * 2048, "at": "b" * 1024}, True, id="the maximum length"),
        pytest.param({"name": "\u00e9" * 1025, "at": "b"}, False, id="a partition key that is too long"),
        pytest.param({"name": "a", "at": "b" * 1025}, False, id="a sort key that is too long"),
        pytest.param({}, True, id="an item that is not in the index"),
    ],
)
def test_keys_of_an_index_have_the_size_limit_of_dynamodb(
    sandbox: Sandbox, item: dict[str, str], is_taken: bool
) -> None:
    dynamodb = sandbox.client("dynamodb")
    index = [{"AttributeName": "name", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    dynamodb.create_table(
        TableName="indexed",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("account", "name", "at")],
        KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[{"IndexName": "by-name", "KeySchema": index, "Projection": {"ProjectionType": "ALL"}}],
        BillingMode="PAY_PER_REQUEST",
    )
    values = {"account": "1", **item}
    pairs = ", ".join(f"'{name}': ?" for name in values)
    try:
        dynamodb.execute_statement(
            Statement=f'INSERT INTO "indexed" VALUE {{{pairs}}}', Parameters=[{"S": text} for text in values.values()]
        )
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationException"  # noqa: PT017 - half of the cases
    assert len(dynamodb.scan(TableName="indexed")["Items"]) == int(is_taken)


def test_moto_still_replaces_what_it_inserts(dynamodb: Any) -> None:
    """The reason for the seam: once this fails, moto supports it and the seam can be removed."""
    (backend,) = (
        backends["eu-west-1"] for backends in dynamodb_backends.values() if "ledger" in backends["eu-west-1"].tables
    )
    for detail in ("first", "second"):
        backend.execute_statement(f"INSERT INTO \"ledger\" VALUE {{'account': '1', 'detail': '{detail}'}}", [])
    assert dynamodb.scan(TableName="ledger")["Items"] == [{"account": {"S": "1"}, "detail": {"S": "second"}}]
