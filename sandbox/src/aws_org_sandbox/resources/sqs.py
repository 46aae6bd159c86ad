"""AWS::SQS::Queue and AWS::SQS::QueuePolicy."""

from __future__ import annotations

from typing import Any

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    already_exists,
    changed,
    exists,
    sync_tags,
    tag_map,
    text,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import BOOLEAN, DOCUMENT, INTEGER, STRING, TAGS

MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")

_DEFAULTS = {
    "DelaySeconds": 0,
    "KmsMasterKeyId": "",
    "MaximumMessageSize": 262_144,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "RedrivePolicy": "",
    "SqsManagedSseEnabled": True,
    "VisibilityTimeout": 30,
}
"""Attributes that can change, and their defaults for omitted properties."""


class Queue(Resource):
    """A queue; `Ref` is its URL."""

    type_name = "AWS::SQS::Queue"
    shape = {
        "QueueName": STRING,
        "FifoQueue": BOOLEAN,
        "DelaySeconds": INTEGER,
        "KmsMasterKeyId": STRING,
        "MaximumMessageSize": INTEGER,
        "MessageRetentionPeriod": INTEGER,
        "ReceiveMessageWaitTimeSeconds": INTEGER,
        "RedrivePolicy": DOCUMENT,
        "SqsManagedSseEnabled": BOOLEAN,
        "Tags": TAGS,
        "VisibilityTimeout": INTEGER,
    }
    replaced_by = ("QueueName", "FifoQueue")
    name_property = "QueueName"
    tagged = True
    attribute_names = ("Arn", "QueueName", "QueueUrl")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        sqs = context.client("sqs")
        name = properties.get("QueueName") or context.generated_name(80)
        if exists(lambda: sqs.get_queue_url(QueueName=name), *MISSING):
            raise already_exists(self.type_name, self._url(context, name))
        attributes = _attributes({key: value for key, value in properties.items() if key in _DEFAULTS})
        if properties.get("FifoQueue"):
            attributes["FifoQueue"] = "true"
        return str(sqs.create_queue(QueueName=name, Attributes=attributes, tags=tag_map(properties))["QueueUrl"])

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        sqs = context.client("sqs")
        if desired := changed(old, new, _DEFAULTS):
            sqs.set_queue_attributes(QueueUrl=physical_id, Attributes=_attributes(desired))
        sync_tags(
            old,
            new,
            tag=lambda tags: sqs.tag_queue(QueueUrl=physical_id, Tags=tags),
            untag=lambda keys: sqs.untag_queue(QueueUrl=physical_id, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("sqs").delete_queue(QueueUrl=physical_id), *MISSING)

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        name = physical_id.rsplit("/", 1)[-1]
        return exists(lambda: context.client("sqs").get_queue_url(QueueName=name), *MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        name = physical_id.rsplit("/", 1)[-1]
        return {"Arn": context.arn("sqs", name), "QueueName": name, "QueueUrl": physical_id}

    def identifier(self, context: ResourceContext, properties: Properties) -> str | None:
        name = properties.get("QueueName")
        return self._url(context, name) if name else None

    @staticmethod
    def _url(context: ResourceContext, name: str) -> str:
        return f"https://sqs.{context.region}.amazonaws.com/{context.account}/{name}"


class QueuePolicy(Resource):
    """The policy of one or more queues; it replaces any existing one."""

    type_name = "AWS::SQS::QueuePolicy"
    shape = {"PolicyDocument!": DOCUMENT, "Queues!": [STRING]}

    def create(self, context: ResourceContext, properties: Properties) -> str:
        for queue in properties["Queues"]:
            _set_policy(context, queue, text(properties["PolicyDocument"]))
        return context.generated_name(255)

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        self.create(context, new)
        for queue in set(old["Queues"]) - set(new["Queues"]):
            _remove_policy(context, queue)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        for queue in properties["Queues"]:
            _remove_policy(context, queue)


def _set_policy(context: ResourceContext, queue: str, policy: str) -> None:
    context.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _remove_policy(context: ResourceContext, queue: str) -> None:
    unless_gone(lambda: _set_policy(context, queue, ""), *MISSING)


def _attributes(values: dict[str, Any]) -> dict[str, str]:
    """Queue attributes are strings, the redrive policy a JSON one."""
    return {key: value if isinstance(value, str) else text(value) for key, value in values.items()}
