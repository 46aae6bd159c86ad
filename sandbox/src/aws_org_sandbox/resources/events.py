"""AWS::Events::EventBus, EventBusPolicy and Archive; rules are in `sandbox.events.rules`."""

from __future__ import annotations

import json

from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    already_exists,
    exists,
    sync_tags,
    tag_list,
    text,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import DOCUMENT, INTEGER, STRING, TAGS

MISSING = "ResourceNotFoundException"


class EventBus(Resource):
    """A custom event bus; `Ref` is its name."""

    type_name = "AWS::Events::EventBus"
    shape = {"Name!": STRING, "Description": STRING, "Tags": TAGS}
    replaced_by = ("Name",)
    name_property = "Name"
    tagged = True
    attribute_names = ("Arn", "Name")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        optional = {key: properties[key] for key in ("Description", "Tags") if key in properties}
        context.client("events").create_event_bus(Name=properties["Name"], **optional)
        return str(properties["Name"])

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        events, arn = context.client("events"), context.arn("events", f"event-bus/{physical_id}")
        if old.get("Description") != new.get("Description"):
            events.update_event_bus(Name=physical_id, Description=new.get("Description", ""))
        sync_tags(
            old,
            new,
            tag=lambda tags: events.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            untag=lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("events").delete_event_bus(Name=physical_id), MISSING)

    def exists(self, context: ResourceContext, physical_id: str) -> bool:
        return exists(lambda: context.client("events").describe_event_bus(Name=physical_id), MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": context.arn("events", f"event-bus/{physical_id}"), "Name": physical_id}


class EventBusPolicy(Resource):
    """One statement of a bus's policy."""

    type_name = "AWS::Events::EventBusPolicy"
    shape = {"EventBusName": STRING, "StatementId!": STRING, "Statement!": DOCUMENT}
    replaced_by = ("EventBusName", "StatementId")

    def create(self, context: ResourceContext, properties: Properties) -> str:
        identifier = self.identifier(context, properties)
        _put_statement(context, properties)
        return identifier

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        _put_statement(context, new)

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        events = context.client("events")
        unless_gone(
            lambda: events.remove_permission(EventBusName=_bus(properties), StatementId=properties["StatementId"]),
            MISSING,
        )

    def identifier(self, context: ResourceContext, properties: Properties) -> str:
        return f"{_bus(properties)}|{properties['StatementId']}"


class Archive(Resource):
    """An archive of a bus's events; `Ref` is its name."""

    type_name = "AWS::Events::Archive"
    shape = {
        "ArchiveName": STRING,
        "Description": STRING,
        "EventPattern": DOCUMENT,
        "RetentionDays": INTEGER,
        "SourceArn!": STRING,
    }
    replaced_by = ("ArchiveName", "SourceArn")
    name_property = "ArchiveName"
    attribute_names = ("Arn",)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        events = context.client("events")
        name = str(properties.get("ArchiveName") or context.generated_name(48))
        if exists(lambda: events.describe_archive(ArchiveName=name), MISSING):
            raise already_exists(self.type_name, name)
        events.create_archive(ArchiveName=name, EventSourceArn=properties["SourceArn"], **_archive(properties))
        return name

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        reset = {"Description": "", "RetentionDays": 0}
        context.client("events").update_archive(ArchiveName=physical_id, **{**reset, **_archive(new)})

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        unless_gone(lambda: context.client("events").delete_archive(ArchiveName=physical_id), MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": context.arn("events", f"archive/{physical_id}")}


def _archive(properties: Properties) -> dict[str, object]:
    found = {key: properties[key] for key in ("Description", "RetentionDays") if key in properties}
    if "EventPattern" in properties:
        found["EventPattern"] = text(properties["EventPattern"])
    return found


def _bus(properties: Properties) -> str:
    return str(properties.get("EventBusName", "default"))


def _put_statement(context: ResourceContext, properties: Properties) -> None:
    """PutPermission replaces the whole policy, so the bus's other statements are included."""
    events, bus, sid = context.client("events"), _bus(properties), properties["StatementId"]
    policy = json.loads(events.describe_event_bus(Name=bus).get("Policy") or "{}")
    others = [statement for statement in policy.get("Statement", []) if statement["Sid"] != sid]
    statements = [*others, {**properties["Statement"], "Sid": sid}]
    events.put_permission(EventBusName=bus, Policy=text({"Version": "2012-10-17", "Statement": statements}))
