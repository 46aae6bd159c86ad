"""The content of deleted resources of the central stacks, which creating them again does not restore. Pure."""

from __future__ import annotations

import json
from typing import NamedTuple

from deployer.planning.plan import Plan
from deployer.stacks import StackDefinition

TABLE_TYPE = "AWS::DynamoDB::Table"
CONTENTS = {
    TABLE_TYPE: "records",
    "AWS::Events::Archive": "archived events",
    "AWS::Logs::LogGroup": "log events",
    "AWS::S3::Bucket": "objects",
    "AWS::SNS::Topic": "subscriptions that no template has",
    "AWS::SQS::Queue": "messages",
}
"""The content of resources of these types, besides what their template gives them."""

_NAMES = ("TableName", "ArchiveName", "LogGroupName", "BucketName", "TopicName", "QueueName")


class Loss(NamedTuple):
    """A resource that is created again without `what` it held."""

    type: str
    name: str
    what: str


def losses(plan: Plan) -> tuple[Loss, ...]:
    """Each resource of the central stacks that was deleted with what it held, and that the plan creates again."""
    return tuple(
        Loss(damaged.type, _name_of(one.definition, damaged.logical_id), CONTENTS[damaged.type])
        for one in (plan.artifacts, plan.central)
        if one.is_reverted and one.damage is not None and one.definition is not None
        for damaged in one.damage.resources
        if damaged.is_missing and damaged.type in CONTENTS
    )


def lost_tables(plan: Plan) -> tuple[str, ...]:
    """Names of the deleted tables that the plan creates again."""
    return tuple(one.name for one in losses(plan) if one.type == TABLE_TYPE)


def restoring(table: str) -> str:
    """How to restore a deleted table, whose name the roll-out would take.

    DynamoDB keeps a system backup of one that had point-in-time recovery, for 35 days:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
    """
    return (
        f"To restore them, before the roll-out: `aws dynamodb list-backups --table-name {table} --backup-type SYSTEM`,"
        f" then `aws dynamodb restore-table-from-backup --target-table-name {table} --backup-arn ARN`."
    )


def _name_of(definition: StackDefinition, logical_id: str) -> str:
    """The name of a resource in the template, or its logical id."""
    properties = json.loads(definition.body)["Resources"].get(logical_id, {}).get("Properties", {})
    return next((properties[key] for key in _NAMES if isinstance(properties.get(key), str)), logical_id)
