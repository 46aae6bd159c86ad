"""AWS::DynamoDB::Table with its indexes, expiry, backups, encryption and deletion protection."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    changed,
    exists,
    sync_tags,
    tag_list,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import BOOLEAN, INTEGER, STRING, TAGS

_KEY_SCHEMA = [{"AttributeName!": STRING, "KeyType!": STRING}]
_THROUGHPUT = {"ReadCapacityUnits!": INTEGER, "WriteCapacityUnits!": INTEGER}
_INDEX = {
    "IndexName!": STRING,
    "KeySchema!": _KEY_SCHEMA,
    "Projection!": {"ProjectionType": STRING, "NonKeyAttributes": [STRING]},
    "ProvisionedThroughput": _THROUGHPUT,
}
_CREATED_WITH = ("AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes",
                 "KeySchema", "LocalSecondaryIndexes", "ProvisionedThroughput", "TableClass", "Tags")  # fmt: skip


class Table(Resource):
    """A table; `Ref` is its name. DynamoDB refuses to delete a protected one, which fails the stack."""

    type_name = "AWS::DynamoDB::Table"
    shape = {
        "TableName": STRING,
        "AttributeDefinitions": [{"AttributeName!": STRING, "AttributeType!": STRING}],
        "BillingMode": STRING,
        "DeletionProtectionEnabled": BOOLEAN,
        "GlobalSecondaryIndexes": [_INDEX],
        "KeySchema!": _KEY_SCHEMA,
        "LocalSecondaryIndexes": [_INDEX],
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": BOOLEAN,
            "RecoveryPeriodInDays": INTEGER,
        },
        "ProvisionedThroughput": _THROUGHPUT,
        "SSESpecification": {"SSEEnabled!": BOOLEAN, "SSEType": STRING, "KMSMasterKeyId": STRING},
        "StreamSpecification": {"StreamViewType!": STRING},
        "TableClass": STRING,
        "Tags": TAGS,
        "TimeToLiveSpecification": {"AttributeName": STRING, "Enabled!": BOOLEAN},
    }
    replaced_by = ("TableName", "KeySchema", "LocalSecondaryIndexes")
    name_property = "TableName"
    tagged = True
    attribute_names = ("Arn", "StreamArn")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        dynamodb = context.client("dynamodb")
        name = str(properties.get("TableName") or context.generated_name(255))
        request = {key: properties[key] for key in _CREATED_WITH if key in properties}
        dynamodb.create_table(TableName=name, **request, **_streams(properties), **_encryption(properties))
        return name

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        dynamodb = context.client("dynamodb")
        _sync_expiry(dynamodb, physical_id, {}, properties)
        _sync_backups(dynamodb, physical_id, {}, properties)

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        dynamodb = context.client("dynamodb")
        if desired := _table_changes(old, new):
            dynamodb.update_table(TableName=physical_id, **desired)
        for change in _index_changes(old, new):
            dynamodb.update_table(
                TableName=physical_id,
                AttributeDefinitions=new.get("AttributeDefinitions", []),
                GlobalSecondaryIndexUpdates=[change],
            )
        _sync_expiry(dynamodb, physical_id, old, new)
        _sync_backups(dynamodb, physical_id, old, new)
        arn = context.arn("dynamodb", f"table/{physical_id}")
        sync_tags(
            old,
            new,
            tag=lambda tags: dynamodb.tag_resource(ResourceArn=arn, Tags=tag_list(tags)),
            untag=lambda keys: dynamodb.untag_resource(ResourceArn=arn, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("dynamodb").delete_table(TableName=physical_id), "ResourceNotFoundException")

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        dynamodb = context.client("dynamodb")
        return exists(lambda: dynamodb.describe_table(TableName=physical_id), "ResourceNotFoundException")

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        table = context.client("dynamodb").describe_table(TableName=physical_id)["Table"]
        found = {"Arn": table["TableArn"]}
        if "LatestStreamArn" in table:
            found["StreamArn"] = table["LatestStreamArn"]
        return found


def _table_changes(old: Properties, new: Properties) -> dict[str, Any]:
    """The parameters of one UpdateTable call: only differences, since DynamoDB refuses unchanged values."""
    defaults = {"BillingMode": "PROVISIONED", "TableClass": "STANDARD", "DeletionProtectionEnabled": False}
    changes = changed(old, new, defaults)
    if old.get("ProvisionedThroughput") != new.get("ProvisionedThroughput") and "ProvisionedThroughput" in new:
        changes["ProvisionedThroughput"] = new["ProvisionedThroughput"]
    if old.get("SSESpecification") != new.get("SSESpecification"):
        changes |= _encryption(new) or {"SSESpecification": {"Enabled": False}}
    if old.get("StreamSpecification") != new.get("StreamSpecification"):
        changes |= _streams(new) or {"StreamSpecification": {"StreamEnabled": False}}
    return changes


def _index_changes(old: Properties, new: Properties) -> list[dict[str, Any]]:
    """DynamoDB creates or deletes one index per call; a changed one is deleted and created again."""
    before = {index["IndexName"]: index for index in old.get("GlobalSecondaryIndexes", ())}
    after = {index["IndexName"]: index for index in new.get("GlobalSecondaryIndexes", ())}
    gone = [name for name, index in before.items() if after.get(name) != index]
    made = [index for name, index in after.items() if before.get(name) != index]
    return [{"Delete": {"IndexName": name}} for name in gone] + [{"Create": index} for index in made]


def _encryption(properties: Properties) -> dict[str, Any]:
    desired = properties.get("SSESpecification")
    if not desired:
        return {}
    optional = {key: desired[key] for key in ("SSEType", "KMSMasterKeyId") if key in desired}
    return {"SSESpecification": {"Enabled": desired["SSEEnabled"], **optional}}


def _streams(properties: Properties) -> dict[str, Any]:
    desired = properties.get("StreamSpecification")
    return {"StreamSpecification": {"StreamEnabled": True, **desired}} if desired else {}


def _sync_expiry(dynamodb: Any, table: str, old: Properties, new: Properties) -> None:
    before, after = old.get("TimeToLiveSpecification"), new.get("TimeToLiveSpecification")
    if before == after:
        return
    desired = after or {**(before or {}), "Enabled": False}
    if desired["Enabled"] or (before or {}).get("Enabled"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=desired)


def _sync_backups(dynamodb: Any, table: str, old: Properties, new: Properties) -> None:
    name = "PointInTimeRecoverySpecification"
    before, after = old.get(name), new.get(name)
    if before == after:
        return
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification=after or {"PointInTimeRecoveryEnabled": False}
    )
