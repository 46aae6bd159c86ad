"""Names of tables that DynamoDB refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from aws_org_sandbox.sandbox import Sandbox
from aws_org_sandbox.seams import original

TABLE: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
AT_LEAST_3 = "TableName must be at least 3 characters long and at most 255 characters long"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("ab", AT_LEAST_3, id="two characters"),
        pytest.param("a" * 256, AT_LEAST_3, id="256 characters"),
        pytest.param("a table", "'tableName' failed to satisfy constraint", id="a space"),
    ],
)
def test_an_invalid_table_name_is_refused(sandbox: Sandbox, name: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        sandbox.client("dynamodb").create_table(TableName=name, **TABLE)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert sandbox.client("dynamodb").list_tables()["TableNames"] == []


@pytest.mark.parametrize("name", ["abc", "A_b-c.1", "a" * 255])
def test_a_name_of_minimum_or_maximum_length_is_accepted(sandbox: Sandbox, name: str) -> None:
    sandbox.client("dynamodb").create_table(TableName=name, **TABLE)


def test_canary_moto_accepts_any_name(sandbox: Sandbox) -> None:
    backend = dynamodb_backends[sandbox.central_account]["eu-west-1"]
    made = original(DynamoDBBackend, "create_table")(
        backend,
        "a b",
        schema=TABLE["KeySchema"],
        throughput=None,
        attr=TABLE["AttributeDefinitions"],
        global_indexes=[],
        indexes=[],
        streams=None,
        billing_mode="PAY_PER_REQUEST",
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    assert made.name == "a b"
