"""The ledger: one table of decisions with idempotent writes, which is kept when the stack is deleted."""

from __future__ import annotations

from troposphere import AWSObject, dynamodb

from handler.ledger import (
    EVENT_INDEX,
    EVENT_KEY,
    EXPIRY_ATTRIBUTE,
    OUTCOME_INDEX,
    OUTCOME_KEY,
    PARTITION_KEY,
    REPOSITORY_INDEX,
    REPOSITORY_KEY,
    SORT_KEY,
)
from templates.names import Names
from templates.parts import tags

TABLE = "LedgerTable"

_KEY_ATTRIBUTES = (PARTITION_KEY, SORT_KEY, OUTCOME_KEY, REPOSITORY_KEY, EVENT_KEY)


def ledger(names: Names) -> list[AWSObject]:
    """On demand, encrypted by the account's own DynamoDB key, restorable for 35 days, protected from deletion."""
    return [
        dynamodb.Table(
            TABLE,
            TableName=names.ledger_table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                dynamodb.AttributeDefinition(AttributeName=name, AttributeType="S") for name in _KEY_ATTRIBUTES
            ],
            KeySchema=_key(PARTITION_KEY),
            GlobalSecondaryIndexes=[
                _index(OUTCOME_INDEX, OUTCOME_KEY),
                _index(REPOSITORY_INDEX, REPOSITORY_KEY),
                _index(EVENT_INDEX, EVENT_KEY, projection="KEYS_ONLY"),
            ],
            PointInTimeRecoverySpecification=dynamodb.PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            SSESpecification=dynamodb.SSESpecification(SSEEnabled=True, SSEType="KMS"),
            TimeToLiveSpecification=dynamodb.TimeToLiveSpecification(AttributeName=EXPIRY_ATTRIBUTE, Enabled=True),
            DeletionProtectionEnabled=True,
            Tags=tags(names),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    ]


def _key(partition: str) -> list[dynamodb.KeySchema]:
    return [
        dynamodb.KeySchema(AttributeName=partition, KeyType="HASH"),
        dynamodb.KeySchema(AttributeName=SORT_KEY, KeyType="RANGE"),
    ]


def _index(name: str, partition: str, *, projection: str = "ALL") -> dynamodb.GlobalSecondaryIndex:
    """An index; how soon it contains a record, and that paging omits none, is assumption A6."""
    return dynamodb.GlobalSecondaryIndex(
        IndexName=name, KeySchema=_key(partition), Projection=dynamodb.Projection(ProjectionType=projection)
    )
