"""AWS::Events::Rule, on the default bus or on a custom one, with its targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_org_sandbox.resources.events import MISSING
from aws_org_sandbox.resources.resource import (
    Properties,
    Resource,
    ResourceContext,
    ResourceError,
    already_exists,
    exists,
    sync_tags,
    tag_list,
    text,
    unless_gone,
)
from aws_org_sandbox.resources.shapes import DOCUMENT, INTEGER, STRING, TAGS

_TARGET = {
    "Arn!": STRING,
    "Id!": STRING,
    "DeadLetterConfig": {"Arn!": STRING},
    "Input": STRING,
    "InputPath": STRING,
    "InputTransformer": {"InputPathsMap": DOCUMENT, "InputTemplate!": STRING},
    "RetryPolicy": {"MaximumEventAgeInSeconds": INTEGER, "MaximumRetryAttempts": INTEGER},
    "RoleArn": STRING,
}


class Rule(Resource):
    """A rule; `Ref` is its name on the default bus, and `bus|name` on any other."""

    type_name = "AWS::Events::Rule"
    shape = {
        "Name": STRING,
        "Description": STRING,
        "EventBusName": STRING,
        "EventPattern": DOCUMENT,
        "RoleArn": STRING,
        "ScheduleExpression": STRING,
        "State": STRING,
        "Tags": TAGS,
        "Targets": [_TARGET],
    }
    replaced_by = ("Name", "EventBusName")
    name_property = "Name"
    tagged = True
    attribute_names = ("Arn",)

    def create(self, context: ResourceContext, properties: Properties) -> str:
        events, bus = context.client("events"), _bus(properties)
        name = str(properties.get("Name") or context.generated_name())
        if exists(lambda: events.describe_rule(Name=name, EventBusName=bus), MISSING):
            raise already_exists(self.type_name, _physical_id(bus, name))
        _put_rule(events, name, properties, Tags=properties.get("Tags", []))
        return _physical_id(bus, name)

    def complete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        _put_targets(context.client("events"), _name(physical_id), _bus(properties), properties.get("Targets", []))

    def update(self, context: ResourceContext, physical_id: str, *, old: Properties, new: Properties) -> None:
        events, bus, name = context.client("events"), _bus(new), _name(physical_id)
        _put_rule(events, name, new)
        targets = new.get("Targets", [])
        _put_targets(events, name, bus, targets)
        kept = {target["Id"] for target in targets}
        _remove_targets(events, name, bus, (item["Id"] for item in old.get("Targets", []) if item["Id"] not in kept))
        arn = _arn(context, bus, name)
        sync_tags(
            old,
            new,
            tag=lambda tags: events.tag_resource(ResourceARN=arn, Tags=tag_list(tags)),
            untag=lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )

    def delete(self, context: ResourceContext, physical_id: str, properties: Properties) -> None:
        events, bus, name = context.client("events"), _bus(properties), _name(physical_id)

        def remove() -> None:
            _remove_targets(events, name, bus, (target["Id"] for target in properties.get("Targets", [])))
            events.delete_rule(Name=name, EventBusName=bus)

        unless_gone(remove, MISSING)

    def attributes(self, context: ResourceContext, physical_id: str, properties: Properties) -> dict[str, str]:
        return {"Arn": _arn(context, _bus(properties), _name(physical_id))}

    def identifier(self, context: ResourceContext, properties: Properties) -> str | None:
        return _physical_id(_bus(properties), properties["Name"]) if "Name" in properties else None


def _put_rule(events: Any, name: str, properties: Properties, **more: Any) -> None:
    names = ("Description", "RoleArn", "ScheduleExpression")
    optional = {key: properties[key] for key in names if key in properties}
    if "EventPattern" in properties:
        optional["EventPattern"] = text(properties["EventPattern"])
    events.put_rule(
        Name=name,
        EventBusName=_bus(properties),
        State=properties.get("State", "ENABLED"),
        **optional,
        **more,
    )


def _put_targets(events: Any, name: str, bus: str, targets: list[dict[str, Any]]) -> None:
    if targets:
        _refuse_failures(events.put_targets(Rule=name, EventBusName=bus, Targets=targets))


def _remove_targets(events: Any, name: str, bus: str, ids: Iterable[str]) -> None:
    if gone := list(ids):
        _refuse_failures(events.remove_targets(Rule=name, EventBusName=bus, Ids=gone))


def _refuse_failures(answer: dict[str, Any]) -> None:
    """PutTargets and RemoveTargets return 200 for failed entries."""
    for entry in answer.get("FailedEntries", ()):
        raise ResourceError(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')} (target {entry.get('TargetId')})")


def _bus(properties: Properties) -> str:
    """The bus's name; `EventBusName` accepts an ARN too."""
    return str(properties.get("EventBusName") or "default").rsplit("/", 1)[-1]


def _physical_id(bus: str, name: str) -> str:
    return name if bus == "default" else f"{bus}|{name}"


def _name(physical_id: str) -> str:
    return physical_id.rsplit("|", 1)[-1]


def _arn(context: ResourceContext, bus: str, name: str) -> str:
    return context.arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")
